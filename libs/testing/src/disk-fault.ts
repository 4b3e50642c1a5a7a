import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** What is wrong with a directory, for one process and its children only. */
export type DiskFault =
  /** A file system of its own, in memory and empty. */
  | { readonly kind: 'small'; readonly dir: string; readonly sizeKiB: number }
  | { readonly kind: 'read-only'; readonly dir: string };

const MOUNTS = {
  small: 'mount -t tmpfs -o size="$2"k,mode=777 tmpfs "$1"',
  'read-only': 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"',
};

/**
 * The beginning of a command line that runs the rest of it with the fault: a mount namespace that needs no rights, since it
 * has a user namespace of its own, and within that an ordinary user again, because servers refuse root and root is refused
 * nothing. It is one process, the one that is run in the end; others see its files under /proc/PID/root.
 */
export function withDiskFault(fault: DiskFault): readonly string[] {
  const script = `${MOUNTS[fault.kind]} && shift 2 && exec unshare -U --map-user=1000 --map-group=1000 "$@"`;
  const sizeKiB = fault.kind === 'small' ? fault.sizeKiB : 0;
  return ['unshare', '-Urm', 'sh', '-c', script, 'sh', fault.dir, String(sizeKiB)];
}

/**
 * Whether withDiskFault works here: it takes Linux, util-linux and user namespaces. Where it does not the specs that need it skip,
 * with a line that says so; REQUIRE_DISK_FAULTS=1 makes that a failure.
 */
export function hasDiskFaults(
  tryOne: () => string | undefined = failureHere,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const failure = tryOne();
  if (failure === undefined) return true;
  const message = `no disk faults: ${failure}`;
  if (env['REQUIRE_DISK_FAULTS'] === '1') throw new Error(message);
  process.stderr.write(`skipped, ${message}\n`);
  return false;
}

function failureHere(): string | undefined {
  const [file = '', ...args] = withDiskFault({ kind: 'small', dir: tmpdir(), sizeKiB: 64 });
  const tried = spawnSync(file, [...args, 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : (tried.error?.message ?? tried.stderr.trim());
}
