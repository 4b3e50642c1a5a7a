/**
 * Name of the numeric rules, the message formats and every derive_key context of docs/protocol.md. A change to any byte
 * of them is a new name.
 */
export const KERNEL_VERSION = 'gemm_int8_relu_q_v2';
