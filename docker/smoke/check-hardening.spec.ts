import { describe, expect, it } from '@jest/globals';
import { faultsOf } from './check-hardening.mjs';

type Settings = Record<string, unknown>;

/** A container as the stack is meant to start it, in the words of `docker inspect`, with some of it changed. */
function container({ config = {}, host = {} }: { config?: Settings; host?: Settings } = {}) {
  return {
    Config: { User: '1000:1000', Env: ['NODE_ENV=production'], ...config },
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: ['no-new-privileges:true'],
      Memory: 2 ** 30,
      PidsLimit: 256,
      NanoCpus: 1e9,
      LogConfig: { Config: { 'max-size': '10m' } },
      RestartPolicy: { Name: 'unless-stopped' },
      NetworkMode: 'tops_tops',
      Privileged: false,
      PortBindings: { '8081/tcp': [{ HostIp: '127.0.0.1', HostPort: '8081' }] },
      ...host,
    },
  };
}

describe('faultsOf', () => {
  it('finds none in a service as it is meant to be', () => {
    expect(faultsOf('verifier', container())).toEqual([]);
    expect(faultsOf('postgres', container({ host: { PortBindings: null } }))).toEqual([]);
    const paths = {
      Env: ['DATABASE_URL_FILE=/run/url', 'GF_SECURITY_ADMIN_PASSWORD__FILE=/run/p'],
    };
    expect(faultsOf('verifier', container({ config: paths }))).toEqual([]);
  });

  it('asks what runs once neither to restart nor for a bound on its CPU', () => {
    const once = { RestartPolicy: { Name: 'no' }, NanoCpus: 0 };
    expect(faultsOf('verifier-key', container({ host: once }))).toEqual([]);
    expect(faultsOf('verifier', container({ host: once }))).toEqual([
      'a bound on the CPU',
      'a restart policy',
    ]);
    expect(faultsOf('verifier-key', container())).toEqual(['a restart policy']);
  });

  it.each([
    [{ host: { ReadonlyRootfs: false } }, 'a read-only root'],
    [{ host: { CapDrop: null } }, 'no capabilities'],
    [{ host: { CapAdd: ['NET_ADMIN'] } }, 'no capabilities'],
    [{ host: { SecurityOpt: null } }, 'no new privileges'],
    [{ config: { User: '' } }, 'a user that is not root'],
    [{ config: { User: 'root' } }, 'a user that is not root'],
    [{ config: { User: '0:0' } }, 'a user that is not root'],
    [{ host: { Memory: 0 } }, 'a bound on memory'],
    [{ host: { PidsLimit: null } }, 'a bound on processes'],
    [{ host: { LogConfig: { Config: {} } } }, 'a bound on its log'],
    [{ host: { NetworkMode: 'host' } }, 'a network of its own'],
    [{ host: { Privileged: true } }, 'a network of its own'],
    [{ host: { PortBindings: { '1/tcp': [{ HostIp: '' }] } } }, 'ports on loopback only'],
    [{ host: { PortBindings: { '1/tcp': [{ HostIp: '0.0.0.0' }] } } }, 'ports on loopback only'],
    [{ config: { Env: ['ADMIN_TOKEN=abc'] } }, 'no secret in its environment'],
    [{ config: { Env: ['X=postgres://tops:abc@db/tops'] } }, 'no secret in its environment'],
  ])('sees %j as a lack of %s', (change, fault) => {
    expect(faultsOf('verifier', container(change))).toEqual([fault]);
  });
});
