import { type LossType, lossDescriptions, type TargetDomain } from "../language/losses/losses.js";

/** How far from 1 the sum of a distribution may be. */
const tolerance = 1e-3;

/** A number of a target that a loss has no meaning for, and the rest of the sentence "the target must …". */
export interface TargetFault {
  value: number;
  rule: string;
}

type Check = (target: ArrayLike<number>, loss: LossType) => TargetFault | undefined;

const checks: Readonly<Record<TargetDomain, Check>> = {
  NOT_NEGATIVE: (target, loss) => firstOutside(target, (value) => value >= 0, `be 0 or more for ${loss}`),
  POSITIVE: (target, loss) => firstOutside(target, (value) => value > 0, `be above 0 for ${loss}`),
  LABELS: (target, loss) => firstOutside(target, (value) => value >= 0 && value <= 1, `be from 0 to 1 for ${loss}`),
  DISTRIBUTION(target, loss) {
    const negative = firstOutside(target, (value) => value >= 0, `be a distribution for ${loss}`);
    if (negative) return negative;
    let sum = 0;
    for (let index = 0; index < target.length; index++) sum += target[index] as number;
    if (Math.abs(sum - 1) <= tolerance) return undefined;
    return { value: target[0] as number, rule: `sum to 1, not ${sum}, for ${loss}` };
  },
};

/**
 * What a loss needs of the numbers of one row's target, as the network should put them out in 32-bit floats; undefined
 * where every finite number will do.
 */
export function targetDomain(loss: LossType): ((target: ArrayLike<number>) => TargetFault | undefined) | undefined {
  const { domain } = lossDescriptions[loss];
  return domain && ((target) => checks[domain](target, loss));
}

function firstOutside(
  target: ArrayLike<number>,
  isInside: (value: number) => boolean,
  rule: string,
): TargetFault | undefined {
  for (let index = 0; index < target.length; index++) {
    const value = target[index] as number;
    if (!isInside(value)) return { value, rule };
  }
  return undefined;
}
