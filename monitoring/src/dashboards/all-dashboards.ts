import type { Rules } from '../rules.ts';
import { fleetDashboard } from './fleet.ts';
import { AlertPanels, type DashboardSpec } from './model.ts';
import { verifierDashboard } from './verifier.ts';
import { workerDashboard } from './worker.ts';

/** Thresholds and what they are of come from the alerts of `rules`. */
export function allDashboards({ alerts }: Rules): DashboardSpec[] {
  const panels = new AlertPanels(alerts);
  return [fleetDashboard(panels), workerDashboard(panels), verifierDashboard(panels)];
}
