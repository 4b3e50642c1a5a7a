// A one-node ONNX model, written as the protobuf it is (onnx.proto3): nothing else here needs a protobuf library.

const VARINT = 0;
const BYTES = 2;
/** TensorProto.DataType */
const elementTypes = { uint8: 2, int8: 3, int32: 6 } as const;
type ElementType = keyof typeof elementTypes;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)]);
}

function bytes(field: number, value: Uint8Array | string): Uint8Array {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const head = [...varint(field * 8 + BYTES), ...varint(content.length)];
  const out = new Uint8Array(head.length + content.length);
  out.set(head);
  out.set(content, head.length);
  return out;
}

function message(...fields: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(fields.reduce((sum, field) => sum + field.length, 0));
  let offset = 0;
  for (const field of fields) {
    out.set(field, offset);
    offset += field.length;
  }
  return out;
}

function valueInfo(name: string, type: ElementType, dimensions: readonly number[]): Uint8Array {
  const shape = message(...dimensions.map((size) => bytes(1, integer(1, size))));
  const tensor = message(integer(1, elementTypes[type]), bytes(2, shape));
  return message(bytes(1, name), bytes(2, bytes(1, tensor)));
}

function constant(
  name: string,
  type: ElementType,
  dimensions: readonly number[],
  data: Uint8Array,
): Uint8Array {
  return message(
    ...dimensions.map((size) => integer(1, size)),
    integer(2, elementTypes[type]),
    bytes(8, name),
    bytes(9, data),
  );
}

/**
 * y[m×n] int32 = (a[m×k] uint8 − 128) · weights[k×n] int8. The weights are a constant of the model, so that the runtime
 * may pack them once.
 */
export function matMulIntegerModel(
  sizes: { readonly m: number; readonly n: number; readonly k: number },
  weights: Int8Array,
): Uint8Array {
  const { m, n, k } = sizes;
  const node = message(
    ...['a', 'weights', 'zero'].map((input) => bytes(1, input)),
    bytes(2, 'y'),
    bytes(4, 'MatMulInteger'),
  );
  const graph = message(
    bytes(1, node),
    bytes(2, 'layer'),
    bytes(
      5,
      constant(
        'weights',
        'int8',
        [k, n],
        new Uint8Array(weights.buffer, weights.byteOffset, weights.length),
      ),
    ),
    bytes(5, constant('zero', 'uint8', [], Uint8Array.of(128))),
    bytes(11, valueInfo('a', 'uint8', [m, k])),
    bytes(12, valueInfo('y', 'int32', [m, n])),
  );
  const irVersion = 8;
  const opset = message(bytes(1, ''), integer(2, 13));
  return message(integer(1, irVersion), bytes(7, graph), bytes(8, opset));
}
