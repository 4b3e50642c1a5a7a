/** Something that is not done, and why: for the person who asked, not a defect. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
