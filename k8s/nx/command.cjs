// Hands a target's options on to k8s/run.mjs, which knows and checks them.
const { spawnSync } = require('node:child_process');
const process = require('node:process');

/** Nx may hand names on in camel case. */
function flagOf(name) {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function argumentsOf(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.map((each) => (each === true ? flagOf(name) : `${flagOf(name)}=${each}`));
  });
}

module.exports = async function command(options, { root, targetName }) {
  const args = ['k8s/run.mjs', targetName, ...argumentsOf(options)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return { success: status === 0 };
};
