/**
 * The tables of rotary positions (Su et al., 2021), with Llama 3's scaling: frequencies whose
 * wavelength is far longer than the original context are slowed down by `factor`, short ones are left
 * alone, and between the two the change is gradual.
 */
import type { ModelConfig } from '../../recipe/model';

/** Angle for each position and each pair of a head: cosine and sine, [positions, headDim / 2]. */
export function rotaryTables(
  config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>,
  positions: number,
): { cosine: Float32Array; sine: Float32Array } {
  const pairs = config.headDim / 2;
  const frequencies = Array.from({ length: pairs }, (_, pair) =>
    scaleFrequency(config.ropeTheta ** ((-2 * pair) / config.headDim), config.ropeScaling),
  );
  const cosine = new Float32Array(positions * pairs);
  const sine = new Float32Array(positions * pairs);
  for (let position = 0; position < positions; position++) {
    frequencies.forEach((frequency, pair) => {
      cosine[position * pairs + pair] = Math.cos(position * frequency);
      sine[position * pairs + pair] = Math.sin(position * frequency);
    });
  }
  return { cosine, sine };
}

function scaleFrequency(frequency: number, scaling: ModelConfig['ropeScaling']): number {
  if (!scaling) return frequency;
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > originalContext / lowFrequencyFactor) return frequency / factor;
  if (wavelength < originalContext / highFrequencyFactor) return frequency;
  const smooth =
    (originalContext / wavelength - lowFrequencyFactor) /
    (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
