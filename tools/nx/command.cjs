// Runs a program of this repository with what follows `--`, word for word.
const { spawnSync } = require('node:child_process');
const process = require('node:process');

module.exports = async function command({ program, __unparsed__: words }, { root }) {
  const { status } = spawnSync(process.execPath, [...program, ...words], {
    cwd: root,
    stdio: 'inherit',
  });
  return { success: status === 0 };
};
