/** One row of the list of codes. */
export interface ErrorEntry {
  /** HTTP status the verifier answers with. */
  readonly status: number;
  /** Short and constant: the `title` of the problem document. */
  readonly title: string;
  /** What happened, and what the caller does about it. */
  readonly meaning: string;
}

/** Codes of what is wrong with a request before it is a message: HTTP, JSON, the forms of single fields. */
export const requestErrorCodes = {
  // The request itself.
  request_malformed: {
    status: 400,
    title: 'Malformed HTTP request',
    meaning:
      'The bytes are not an HTTP/1.1 request, or one that two readers could read differently. The connection is closed: send the request again on a new one, with a conforming client.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    meaning:
      'The request line and headers are together above 16 KiB. No request of the protocol needs a header of its own: send fewer.',
  },
  route_not_found: {
    status: 404,
    title: 'No such route',
    meaning: 'Nothing is served under this path. Compare it with /openapi.json.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, the method does not. The Allow header lists those that do.',
  },
  path_invalid: {
    status: 400,
    title: 'Invalid path parameter',
    meaning:
      'A part of the path does not have the form its route expects, or is not valid percent-encoding. Correct the path; repeating it cannot succeed.',
  },
  query_invalid: {
    status: 400,
    title: 'Invalid query parameter',
    meaning:
      'A query parameter is unknown, repeated, or outside its range. Correct the named parameter.',
  },
  content_type_unsupported: {
    status: 415,
    title: 'Unsupported content type',
    meaning: 'The body must be sent as application/json, in UTF-8.',
  },
  content_encoding_unsupported: {
    status: 415,
    title: 'Unsupported content encoding',
    meaning:
      'Compressed bodies are refused, so that a small request cannot grow. Send it uncompressed.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    meaning:
      'The body is longer than limits.body_bytes of /v1/epoch. No message of the protocol needs that much.',
  },
  body_empty: {
    status: 400,
    title: 'Empty body',
    meaning: 'The route expects a JSON object and got no bytes at all.',
  },
  body_incomplete: {
    status: 400,
    title: 'Incomplete body',
    meaning:
      'The connection ended before the announced body was complete. Nothing was recorded: send the whole request again.',
  },
  request_timeout: {
    status: 408,
    title: 'Request took too long',
    meaning:
      'The request did not arrive in full within the time the server waits. Nothing was recorded: send it again on a new connection.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning:
      'The key or the address is over its rate. Wait as long as Retry-After says, then send the same request again.',
  },

  // JSON and the forms of single fields.
  utf8_malformed: {
    status: 400,
    title: 'Body is not UTF-8',
    meaning: 'The bytes are not valid UTF-8 (RFC 3629). Correct the encoder.',
  },
  json_malformed: {
    status: 400,
    title: 'Body is not JSON',
    meaning:
      'The text is not one RFC 8259 value. A byte order mark, trailing text, a number with leading zeros and a lone surrogate are refused too.',
  },
  json_too_deep: {
    status: 400,
    title: 'JSON nested too deep',
    meaning: 'Objects and arrays are nested deeper than any message of the protocol.',
  },
  json_too_complex: {
    status: 400,
    title: 'JSON too complex',
    meaning:
      'An object has more members, an array more items, or the whole text more values and string escapes than any message of the protocol. The detail says which.',
  },
  json_duplicate_key: {
    status: 400,
    title: 'Duplicate JSON key',
    meaning:
      'One object names the same key twice, even if with equal values. Two readers could see two messages, so neither is taken.',
  },
  field_unknown: {
    status: 400,
    title: 'Unknown field',
    meaning: 'The message has a field the protocol does not define. Remove it.',
  },
  field_missing: {
    status: 400,
    title: 'Missing field',
    meaning: 'A field the protocol requires is absent. Add it.',
  },
  field_type: {
    status: 400,
    title: 'Wrong field type',
    meaning: 'A field holds another JSON type than the protocol defines for it.',
  },
  integer_malformed: {
    status: 400,
    title: 'Malformed integer',
    meaning:
      'An integer must be plain decimal digits from 0 to 9007199254740991: no sign, fraction or exponent.',
  },
  hex_malformed: {
    status: 400,
    title: 'Malformed hex',
    meaning: 'A hex field must be lower-case and of exactly the length its name implies.',
  },
  base64_malformed: {
    status: 400,
    title: 'Malformed base64',
    meaning:
      'A base64 field must be RFC 4648 section 4: the standard alphabet, padded, no white space, unused bits zero.',
  },
  text_malformed: {
    status: 400,
    title: 'Malformed text',
    meaning:
      'A text field holds characters, or a length, its definition does not allow. The detail says which.',
  },
} as const satisfies Record<string, ErrorEntry>;
