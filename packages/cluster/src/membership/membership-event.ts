/** What happens to learners of groups that this node leads. */
export type MembershipEvent =
  | {
      readonly name: 'learner.promotion_proposed';
      readonly group: number;
      readonly learner: number;
      readonly index: number;
    }
  | {
      readonly name: 'learner.promotion_deferred';
      readonly group: number;
      readonly learner: number;
      readonly error: string;
    };
