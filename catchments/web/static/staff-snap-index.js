/* Snapping: the corner or the side of some lines that lies nearest to a place, and the way between two.
 *
 * Pure: lines go in, places come out. Lines of a million corners are asked in a moment, because each
 * side is known by the cells of a grid that it passes. Places are [lat, lng] with lng in 0…360.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const CELLS_A_SIDE = 1024;
  /* Here a degree of latitude is about so many times as long as one of longitude. */
  const STRETCH = 0.75;

  ours.snapIndex = (lines) => {
    const count = lines.reduce((sum, line) => sum + line.length, 0);
    const xs = new Float64Array(count);
    const ys = new Float64Array(count);
    const lineOf = new Int32Array(count);
    const starts = [];
    let at = 0;
    lines.forEach((line, number) => {
      starts.push(at);
      for (const [lat, lng] of line) {
        xs[at] = lng * STRETCH;
        ys[at] = lat;
        lineOf[at] = number;
        at += 1;
      }
    });
    const [west, east] = extent(xs);
    const [south, north] = extent(ys);
    const per = Math.max(1, Math.min(CELLS_A_SIDE, Math.ceil(Math.sqrt(count))));
    const size = Math.max(east - west, north - south, 1e-9) / per;
    const column = (x) => Math.max(0, Math.min(per, Math.floor((x - west) / size)));
    const row = (y) => Math.max(0, Math.min(per, Math.floor((y - south) / size)));
    const cells = filled(per + 1);

    /* The cells that the side after each corner passes, some of them twice. */
    function eachCell(act) {
      for (let i = 0; i < count; i += 1) {
        const j = i + 1 < count && lineOf[i + 1] === lineOf[i] ? i + 1 : i;
        const steps = Math.ceil((2 * Math.max(Math.abs(xs[j] - xs[i]), Math.abs(ys[j] - ys[i]))) / size);
        let last = -1;
        for (let step = 0; step <= steps; step += 1) {
          const share = steps ? step / steps : 0;
          const cell = row(ys[i] + (ys[j] - ys[i]) * share) * (per + 1) + column(xs[i] + (xs[j] - xs[i]) * share);
          if (cell !== last) act(cell, i);
          last = cell;
        }
      }
    }

    /* Which sides are in each cell: counted first, then written one cell after another. */
    function filled(wide) {
      const ends = new Int32Array(wide * wide + 1);
      eachCell((cell) => (ends[cell + 1] += 1));
      for (let i = 1; i < ends.length; i += 1) ends[i] += ends[i - 1];
      const next = ends.slice();
      const sides = new Int32Array(ends[ends.length - 1]);
      eachCell((cell, i) => (sides[next[cell]++] = i));
      return { ends, sides };
    }

    /* A corner within `reach` (degrees of latitude), else a place on a side within it, else nothing. */
    function nearest([lat, lng], reach) {
      const [x, y] = [lng * STRETCH, lat];
      if (!count || x < west - reach || x > east + reach || y < south - reach || y > north + reach) return null;
      const best = { corner: null, side: null, cornerFar: reach, sideFar: reach };
      const columns = [column(x - reach - size), column(x + reach + size)];
      for (let r = row(y - reach - size); r <= row(y + reach + size); r += 1) {
        for (let c = columns[0]; c <= columns[1]; c += 1) {
          const cell = r * (per + 1) + c;
          for (let k = cells.ends[cell]; k < cells.ends[cell + 1]; k += 1) look(cells.sides[k], x, y, best);
        }
      }
      return best.corner || best.side;
    }

    function look(i, x, y, best) {
      const far = Math.hypot(xs[i] - x, ys[i] - y);
      if (far <= best.cornerFar) Object.assign(best, { cornerFar: far, corner: found(xs[i], ys[i], "corner", i, far) });
      const j = i + 1;
      if (j >= count || lineOf[j] !== lineOf[i]) return;
      const end = Math.hypot(xs[j] - x, ys[j] - y);
      if (end <= best.cornerFar) Object.assign(best, { cornerFar: end, corner: found(xs[j], ys[j], "corner", j, end) });
      const [dx, dy] = [xs[j] - xs[i], ys[j] - ys[i]];
      const length = dx * dx + dy * dy;
      const share = length ? Math.max(0, Math.min(1, ((x - xs[i]) * dx + (y - ys[i]) * dy) / length)) : 0;
      const [px, py] = [xs[i] + dx * share, ys[i] + dy * share];
      const away = Math.hypot(px - x, py - y);
      if (away <= best.sideFar) Object.assign(best, { sideFar: away, side: found(px, py, "side", i, away) });
    }

    const found = (x, y, kind, at_, far) => ({ place: [y, x / STRETCH], kind, line: lineOf[at_], at: at_ - starts[lineOf[at_]], far });

    /* The corners between two places found on one line, the shorter way round where it is a ring. */
    function between(from, to) {
      if (!from || !to || from.line !== to.line) return [];
      const line = lines[from.line];
      const first = line[0];
      const last = line[line.length - 1];
      const isRing = first[0] === last[0] && first[1] === last[1];
      const straight = along(line, from, to);
      if (!isRing) return straight;
      const round = aroundTheEnd(line, from, to);
      return lengthOf([from.place, ...straight, to.place]) <= lengthOf([from.place, ...round, to.place]) ? straight : round;
    }

    return { count, nearest, between };
  };

  /* Of a place on a side: its corner before and its corner after; of a corner, itself. */
  const after = ({ at }) => at + 1;
  const before = ({ kind, at }) => (kind === "corner" ? at - 1 : at);

  function along(line, from, to) {
    const isForward = from.at < to.at || (from.at === to.at && from.far <= to.far);
    if (isForward) return line.slice(after(from), before(to) + 1);
    return line.slice(after(to), before(from) + 1).reverse();
  }

  function aroundTheEnd(line, from, to) {
    const isForward = from.at > to.at;
    const [a, b] = isForward ? [from, to] : [to, from];
    const way = [...line.slice(after(a), line.length - 1), ...line.slice(0, before(b) + 1)];
    return isForward ? way : way.reverse();
  }

  function lengthOf(line) {
    let sum = 0;
    for (let i = 1; i < line.length; i += 1) sum += Math.hypot(line[i][0] - line[i - 1][0], (line[i][1] - line[i - 1][1]) * STRETCH);
    return sum;
  }

  function extent(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }
})();
