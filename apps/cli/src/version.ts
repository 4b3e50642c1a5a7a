// The workspace has one version, and it stands outside of every project; the bundler puts it in.
// eslint-disable-next-line @nx/enforce-module-boundaries
import packageJson from '../../../package.json' with { type: 'json' };

export const { version } = packageJson;
