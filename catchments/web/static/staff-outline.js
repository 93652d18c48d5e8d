/* An outline or a line being drawn: its corners, what was done to them and undone, and how it is written.
 *
 * Each step is kept as what it changed, so that the corners of a country cost nothing to move one of.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const STEPS_KEPT = 500;
  const PER_DEGREE = 1e6;
  const to180 = (lng) => (lng > 180 ? lng - 360 : lng);
  const written = (value) => String(Math.round(value * PER_DEGREE) / PER_DEGREE);

  ours.Outline = class {
    constructor(isArea) {
      this.isArea = isArea;
      this.corners = [];
      this.isDone = false;
      /* Another one after each change. */
      this.version = 0;
      this._past = [];
      this._future = [];
    }

    get length() {
      return this.corners.length;
    }

    get canUndo() {
      return this._past.length > 0;
    }

    get canRedo() {
      return this._future.length > 0;
    }

    /* Put some corners in the place of `gone` ones from `at` on; as one step. */
    change(at, gone, put, { isDone = this.isDone } = {}) {
      const step = { at, gone: this.corners.slice(at, at + gone), put, was: this.isDone, is: isDone };
      this._past.push(step);
      if (this._past.length > STEPS_KEPT) this._past.shift();
      this._future = [];
      this._do(at, gone, put, isDone);
    }

    undo() {
      const step = this._past.pop();
      if (!step) return false;
      this._future.push(step);
      this._do(step.at, step.put.length, step.gone, step.was);
      return true;
    }

    redo() {
      const step = this._future.pop();
      if (!step) return false;
      this._past.push(step);
      this._do(step.at, step.gone.length, step.put, step.is);
      return true;
    }

    _do(at, gone, put, isDone) {
      // A million of them are more than a call may have.
      if (put.length < 1000) this.corners.splice(at, gone, ...put);
      else this.corners = [...this.corners.slice(0, at), ...put, ...this.corners.slice(at + gone)];
      this.isDone = isDone;
      this.version += 1;
      /* Which one corner alone is another than in the version before. */
      this.movedAt = gone === 1 && put.length === 1 ? at : -1;
    }

    move(at, place) {
      this.change(at, 1, [place]);
    }

    remove(at) {
      this.change(at, 1, []);
    }

    finish() {
      this.change(this.length, 0, [], { isDone: true });
    }

    /* What was drawn before is one step away. */
    clear() {
      this.change(0, this.length, [], { isDone: false });
    }

    load(corners) {
      this.corners = corners;
      this.isDone = true;
      this.version += 1;
      this._past = [];
      this._future = [];
    }

    /* Each side's two ends by number; an area that is done has one from the last corner to the first. */
    endOfSide(at) {
      if (at + 1 < this.length) return at + 1;
      return this.isArea && this.isDone ? 0 : -1;
    }

    /* Its south-west and its north-east. */
    extent() {
      const [low, high] = [[90, 360], [-90, 0]];
      for (const corner of this.corners) {
        for (const axis of [0, 1]) {
          if (corner[axis] < low[axis]) low[axis] = corner[axis];
          if (corner[axis] > high[axis]) high[axis] = corner[axis];
        }
      }
      return [low, high];
    }

    wkt() {
      const pair = ([lat, lng]) => written(to180(lng)) + " " + written(lat);
      const pairs = this.corners.map(pair);
      if (this.isArea) pairs.push(pairs[0]);
      return this.isArea ? "POLYGON ((" + pairs.join(", ") + "))" : "LINESTRING (" + pairs.join(", ") + ")";
    }
  };

  /* The corners of a WKT of one ring or line; null for anything else, which stays as it was pasted. */
  ours.cornersOf = (text, isArea) => {
    const match = /^\s*(POLYGON\s*\(\(|LINESTRING\s*\()([^()]*)\)+\s*$/i.exec(text);
    if (!match || /^P/i.test(match[1]) !== isArea) return null;
    const corners = [];
    for (const each of match[2].split(",")) {
      const pair = each.trim();
      const blank = pair.search(/\s/);
      const [lng, lat] = [Number(pair.slice(0, blank)), Number(pair.slice(blank + 1))];
      if (blank < 0 || !Number.isFinite(lng) || !Number.isFinite(lat)) return null;
      corners.push([lat, ours.to360(lng)]);
    }
    if (isArea) corners.pop();
    return corners;
  };
})();
