/** Numbers of the kinds of request between nodes, on the wire: stable, and never used again. */
export const RequestId = {
  Join: 1,
  MetadataPropose: 2,
  MetadataPull: 3,
  LeaderAnnouncement: 4,
  ChangeMembership: 5,
  OpenReplica: 6,
  Transfer: 7,
  MemberCommand: 8,
  ForwardMetadataPropose: 9,
  ForwardMemberCommand: 10,
  ForwardJoin: 11,
  ForwardedJoin: 12,
} as const;
