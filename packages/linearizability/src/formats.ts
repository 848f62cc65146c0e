export { parseEtcdJepsen } from './formats/etcd-jepsen.js';
export { formatJsonLines, type JsonLinesHistory, type JsonValue, parseJsonLines } from './formats/json-lines.js';
export { MalformedFile } from './formats/malformed-file.js';
export { type JsonShape, NAMED_MODELS, type NamedModel, type OperationShape } from './formats/named-models.js';
export { HISTORY_FORMATS, type HistoryFormat, type ParsedHistory, parseHistory } from './formats/parse-history.js';
export { parsePorcupineKv } from './formats/porcupine-kv.js';
