// docker/compose.yaml with the images of this checkout: node docker/run-compose.mjs COMMAND [ARGUMENT…]
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { demandEngine, workspaceRoot } from './build/images.mjs';
import { allProfiles, composeCommand, composeEnvironment, profilesOf } from './compose-command.mjs';

const [command, ...args] = process.argv.slice(2);
// What is taken down is everything, whatever it was started with.
const profiles = command === 'up' ? profilesOf() : allProfiles;
const unknown = profiles.find((name) => !allProfiles.includes(name));
if (unknown !== undefined) {
  console.error(`expected COMPOSE_PROFILES of ${allProfiles.join(', ')}, got ${unknown}`);
  process.exit(2);
}
demandEngine();
const [program, ...before] = composeCommand({ profiles });
const { status, error } = spawnSync(program, [...before, command, ...args], {
  cwd: workspaceRoot,
  stdio: 'inherit',
  env: composeEnvironment({ COMPOSE_PROFILES: profiles.join(',') }),
});
if (error !== undefined) console.error(error.message);
process.exit(status ?? 1);
