/** A bearer token, kept as long as it may be presented. */

/** The token may be presented for 60 s. */
const KEPT_MS = 45_000;

/** @returns `get` makes a token or gives the one there is; `drop` forgets it, if it is still the one */
export function keptToken(makeToken: () => Promise<string>) {
  let token: Promise<string> | undefined;
  let madeAt = 0;
  const drop = (refused: Promise<string>) => {
    if (token === refused) token = undefined;
  };
  const make = () => {
    const made = makeToken();
    // One that could not be made is no token to keep.
    made.catch(() => drop(made));
    madeAt = performance.now();
    return made;
  };
  const get = () => {
    if (token === undefined || performance.now() - madeAt > KEPT_MS) token = make();
    return token;
  };
  return { get, drop };
}
