// Runs a program of this repository with what follows `--`, word for word.
const { spawnSync } = require('node:child_process');
const { mkdirSync, rmSync, symlinkSync } = require('node:fs');
const { devNull } = require('node:os');
const { join } = require('node:path');
const process = require('node:process');
const { cacheDir } = require('nx/src/utils/cache-directory');

/**
 * Nx keeps what any task printed, cached or not, in a file of its cache that everybody may read. A link to nowhere in its
 * place: Nx writes through it.
 */
function keepNoOutput({ projectName, targetName, taskGraph }) {
  const hash = taskGraph?.tasks[`${projectName}:${targetName}`]?.hash;
  if (hash === undefined) {
    throw new Error(`expected to know where Nx keeps what ${targetName} prints, got no task`);
  }
  const directory = join(cacheDir, 'terminalOutputs');
  mkdirSync(directory, { recursive: true });
  rmSync(join(directory, hash), { force: true });
  symlinkSync(devNull, join(directory, hash));
}

module.exports = async function command(options, context) {
  const { program, isPrivate = false, __unparsed__: words } = options;
  if (isPrivate) keepNoOutput(context);
  const { status } = spawnSync(process.execPath, [...program, ...words], {
    cwd: context.root,
    stdio: 'inherit',
  });
  return { success: status === 0 };
};
