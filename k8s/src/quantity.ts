const factors: Readonly<Record<string, number>> = {
  '': 1,
  ...{ m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

/** A quantity of Kubernetes (`1500m`, `64Mi`) as a number: cores, or bytes. @throws RangeError for another form */
export function quantityOf(text: string | number): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(String(text)) ?? [];
  const factor = factors[unit];
  if (digits === '' || factor === undefined) {
    throw new RangeError(`expected a quantity such as 1500m or 64Mi, got ${text}`);
  }
  return Number(digits) * factor;
}
