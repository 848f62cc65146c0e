/**
 * The format of messages, version 1. A message is a run of pieces; a piece is one byte that says its kind, then fields.
 * Numbers are varints (seven bits a byte, low ones first), `bytes` is a varint length and that many bytes.
 *
 * | kind | fields | sent by |
 * |---|---|---|
 * | HELLO | "FLOT", u8 lowest version, u8 highest version, u32 frameBytesMax, u32 requestsInFlightMax, the rest of the message is the hello | both, first |
 * | CHALLENGE | 32 bytes nonce | acceptor, in place of its hello, where nothing says yet who the dialler is |
 * | PROOF | the rest of the message is the proof | dialler, challenged; the acceptor's hello follows, or a refusal |
 * | REFUSED | the rest of the message is the refusal | either, last |
 * | READY | none | dialler, after it verified the hello |
 * | FRAME_PART, FRAME | bytes | both: a frame is any number of parts and then a FRAME with its end |
 * | REQUEST_PART | bytes | both: the beginning of the next REQUEST or REPLY |
 * | REQUEST | number, bytes | both: the numbers of a side count up from 1 |
 * | REPLY | number, bytes | receiver of the request |
 * | FAILURE | number, u8 reason, maximum, actual | receiver of the request: exactly one REPLY or FAILURE for each |
 * | CANCEL | number | sender of the request |
 * | STREAM_OPEN | number, bytes header | opener: the numbers of a side count up from 1 |
 * | STREAM_DATA | number, bytes | opener |
 * | STREAM_END | number | opener, in good order |
 * | STREAM_ABORT | number, bytes text | opener: gives up, or acknowledges a STREAM_REFUSE |
 * | STREAM_CREDIT | number, count of bytes that were consumed | receiver |
 * | STREAM_ANSWER | number, bytes | receiver, in good order |
 * | STREAM_REFUSE | number, bytes text | receiver: gives up, or acknowledges a STREAM_ABORT |
 * | PING, PONG | none | both |
 */
export const Piece = {
  HELLO: 0x01,
  REFUSED: 0x02,
  READY: 0x03,
  CHALLENGE: 0x04,
  PROOF: 0x05,
  PING: 0x08,
  PONG: 0x09,
  FRAME: 0x10,
  FRAME_PART: 0x11,
  REQUEST: 0x20,
  REPLY: 0x21,
  REQUEST_PART: 0x22,
  FAILURE: 0x23,
  CANCEL: 0x24,
  STREAM_OPEN: 0x30,
  STREAM_DATA: 0x31,
  STREAM_END: 0x32,
  STREAM_ABORT: 0x33,
  STREAM_CREDIT: 0x34,
  STREAM_ANSWER: 0x35,
  STREAM_REFUSE: 0x36,
} as const;

/** Why a request has no reply. */
export const Failure = {
  /** The handler rejected. */
  INTERNAL: 0,
  /** Refused before the handler saw it. */
  OVERLOADED: 1,
  /** The reply is above the limit of the side that made it. */
  REPLY_TOO_LARGE: 2,
  /** Answers a CANCEL. */
  CANCELLED: 3,
} as const;

/** The first bytes of a hello, so that anything else is known for what it is: "FLOT". */
export const MAGIC = 0x544f_4c46;
/** The versions of this format that are spoken here. */
export const FORMAT_VERSION_MIN = 1;
/** The highest of them. */
export const FORMAT_VERSION_MAX = 1;

/** The bytes of a piece, at most: what a lane sends before the next lane has its turn. */
export const PIECE_BYTES_MAX: number = 64 * 1024;
/** The most that a connection leaves in its socket, and so the longest message. */
export const UNSENT_BYTES_MAX: number = 256 * 1024;
/** The longest message. */
export const MESSAGE_BYTES_MAX: number = UNSENT_BYTES_MAX;
/** No piece has more than this besides its bytes: a kind, a number, a length. */
export const PIECE_HEADER_BYTES_MAX = 24;
/** What a lane may write in its turn. */
export const LANE_ROOM_BYTES: number = PIECE_BYTES_MAX + PIECE_HEADER_BYTES_MAX;
/** A part of a frame or body is not worth a piece below this. */
export const PART_BYTES_MIN = 1_024;

/** A hello or a refusal. */
export const HELLO_BYTES_MAX = 4_096;
/** A proof. */
export const PROOF_BYTES_MAX = 4_096;
/** A stream's header, and its answer. */
export const STREAM_HEADER_BYTES_MAX: number = 64 * 1024;
/** Bytes of a stream that the receiver has not consumed. */
export const STREAM_WINDOW_BYTES: number = 1024 * 1024;
/** Streams of a connection that one side opened and that are not yet over on both sides. */
export const STREAMS_MAX = 64;
/** The text that goes with an aborted stream. */
export const ABORT_TEXT_BYTES_MAX = 1_024;
