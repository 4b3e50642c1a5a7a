// WebGPU's GPUBufferUsage flags (specification §5.1.2) as one place needs them: Dawn's Node.js binding defines no globals.
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const QUERY_RESOLVE = 0x200;

export const STORAGE_BUFFER = STORAGE | COPY_SRC | COPY_DST;
export const UNIFORM_BUFFER = UNIFORM | COPY_DST;
export const STAGING_BUFFER = MAP_READ | COPY_DST;
export const QUERY_RESOLVE_BUFFER = QUERY_RESOLVE | COPY_SRC;
