/** How an election stands: undecided, lost for good, or won. */
export type VoteResult = 'pending' | 'lost' | 'won';
