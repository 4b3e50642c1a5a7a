// docker/compose.yaml with the images of this checkout: node docker/run-compose.mjs COMMAND [ARGUMENT…]
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { demandEngine, workspaceRoot } from './build/images.mjs';
import { composeCommand, composeEnvironment } from './compose-command.mjs';

demandEngine();
const [program, ...before] = composeCommand();
const { status, error } = spawnSync(program, [...before, ...process.argv.slice(2)], {
  cwd: workspaceRoot,
  stdio: 'inherit',
  env: composeEnvironment(),
});
if (error !== undefined) console.error(error.message);
process.exit(status ?? 1);
