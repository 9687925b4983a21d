/** SwiGLU's expressions (Shazeer, 2020), for the kernels that compute it beside something else. */

/** Beyond -80 the sigmoid is 0 beside 1, and exp of more would overflow. `type`: of the elements. */
export const sigmoid = (x: string, type: string): string =>
  `(1.0 / (1.0 + exp(-max(${x}, ${type}(-80.0)))))`;

export const swiglu = (gate: string, up: string, type: string): string =>
  `${gate} * ${sigmoid(gate, type)} * ${up}`;
