/** One thing that the doctor looked at. */

export interface Finding {
  check: string;
  /** `unknown`: it could not be looked at, which is neither well nor ill. */
  state: 'well' | 'ill' | 'unknown';
  detail: string;
  /** What to do where it is not well. */
  remedy?: string;
}

export const well = (check: string, detail: string): Finding => ({ check, state: 'well', detail });

export const ill = (check: string, detail: string, remedy: string): Finding => ({
  check,
  state: 'ill',
  detail,
  remedy,
});

export const unknown = (check: string, detail: string, remedy: string): Finding => ({
  check,
  state: 'unknown',
  detail,
  remedy,
});

/** Runs one check; what it throws makes it unknown, with what kept it from looking. */
export async function examine(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const remedy =
      'Check it by hand, or run the doctor with a --profile that may read it, and its --region.';
    return [unknown(check, `could not be checked (${why})`, remedy)];
  }
}
