export { INITIAL_HASH, nextHead, nextPrevHash } from '@tops/audit';
