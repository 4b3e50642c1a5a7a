// What every container of the stack has to be, asked of the engine that runs it, not of the file.
import { lookIntoSettings } from './look-inside.mjs';

const ONE_SHOT = /-(key|secret|password)$/;

/** @returns what a container lacks, as `docker inspect` describes it; nothing when all is well */
export function faultsOf(service, { Config, HostConfig }) {
  const bindings = Object.values(HostConfig.PortBindings ?? {}).flat();
  // An address of a file holds no secret, whatever its variable is called.
  const settings = Config.Env.filter((line) => !/^\w+_FILE=/.test(line));
  const secrets = lookIntoSettings(settings).map(([, name]) => name);
  const rules = {
    'a read-only root': HostConfig.ReadonlyRootfs,
    'no capabilities': HostConfig.CapDrop?.includes('ALL') && !HostConfig.CapAdd?.length,
    'no new privileges': HostConfig.SecurityOpt?.some((option) =>
      /^no-new-privileges/.test(option),
    ),
    'a user that is not root': /^[1-9]\d*(:|$)/.test(Config.User),
    'a bound on memory': HostConfig.Memory > 0,
    'a bound on processes': HostConfig.PidsLimit > 0,
    'a bound on its log': HostConfig.LogConfig.Config['max-size'] !== undefined,
    'a bound on the CPU': ONE_SHOT.test(service) || HostConfig.NanoCpus > 0,
    'a restart policy': ONE_SHOT.test(service)
      ? ['no', ''].includes(HostConfig.RestartPolicy.Name)
      : HostConfig.RestartPolicy.Name === 'unless-stopped',
    'a network of its own': HostConfig.NetworkMode !== 'host' && !HostConfig.Privileged,
    'ports on loopback only': bindings.every(({ HostIp }) => HostIp === '127.0.0.1'),
    'no secret in its environment': secrets.length === 0,
  };
  return Object.keys(rules).filter((what) => !rules[what]);
}

export function checkHardening(checks, stack) {
  for (const [service, container] of Object.entries(stack.inspect()).sort()) {
    const faults = faultsOf(service, container);
    checks.check(faults.length === 0, `${service} is hardened${faults.map((f) => `, lacks ${f}`)}`);
  }
}

/** Which services see which volume: keys and passwords are for those who need them. */
export function checkVolumes(checks, stack, expected) {
  const users = {};
  for (const [service, { Mounts }] of Object.entries(stack.inspect())) {
    for (const { Type, Name } of Mounts) {
      if (Type !== 'volume') continue;
      const [, volume] = /_([a-z-]+(?:key|secret|password))$/.exec(Name) ?? [];
      if (volume !== undefined) (users[volume] ??= []).push(service);
    }
  }
  for (const [volume, services] of Object.entries(expected)) {
    const got = (users[volume] ?? []).sort().join(' ');
    checks.check(got === [...services].sort().join(' '), `${volume} is seen by ${got} alone`);
  }
  const strangers = Object.keys(users).filter((volume) => !(volume in expected));
  checks.check(
    strangers.length === 0,
    `no other volume of secrets${strangers.map((v) => `, got ${v}`)}`,
  );
}
