/* The search over the map: what is chosen or typed is shown there, where it means one thing.
 *
 * The box is finder.js'. What means several places, or nothing, is answered by the finder's own page.
 */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const { frame, to360, words } = ours;
  // A town not so near that the picture is one colour: what lies beside it says where it is.
  const PLACE_ZOOM = 14;
  const townZoom = (map) => (map.getSize().x < 600 ? 9 : 10);

  async function asked(address, query) {
    const response = await fetch(address + query);
    if (!response.ok) throw new Error(address + " answered " + response.status);
    return response.json();
  }

  /* What a catchment alone would say more than is known without; the server says the same of each dot. */
  function noteOf({ basis, catchment, sentence, notices = [] }) {
    const near = notices.filter(({ code }) => ["near-boundary", "on-boundary"].includes(code));
    return [basis === "nearest" || !catchment ? sentence : "", ...near.map(({ text }) => text)].filter(Boolean).join(" ");
  }

  function schoolOf(found) {
    const { school, place, catchment } = found;
    const at = place && [place.lat, to360(place.lng)];
    return { kind: "school", id: school.school_id, name: school.name, status: school.status, note: noteOf(found), code: catchment?.code, at };
  }

  /* In a file by itself nobody is asked. */
  async function heldSchool(number) {
    const { schools } = await ours.data("schools");
    const [id, name, lng, lat, code, status, note] = schools.find((row) => row[0] === number) || [];
    return id === undefined ? null : { kind: "school", id, name, status, note, code, at: [lat, to360(lng)] };
  }

  /* The school with a number, as it is chosen on the map; none where the directory has none. */
  ours.schoolNumbered = async (number) => {
    if (ours.isHeld("schools")) return heldSchool(Number(number));
    const found = await asked(frame.dataset.provider, "?school_id=" + encodeURIComponent(number));
    return found.school ? schoolOf(found) : null;
  };

  ours.searchOver = (map) => {
    const facts = map.names.facts;

    /* The catchments that one place may be in: a town in several, an address close to a boundary. */
    function maybeIn(found) {
      const known = found.status === "ambiguous" ? found.candidates : [{ catchment: found.catchment }, ...found.alternatives];
      // Candidates that say how they match the text are places of their own.
      const isOnePlace = known.every(({ match, catchment }) => !match && facts.has(catchment?.code));
      return isOnePlace ? Array.from(new Set(known.map(({ catchment }) => catchment.code))) : [];
    }

    /* What a text means, where it is one place; else nothing. */
    async function placeCalled(text, kind) {
      const query = "?q=" + encodeURIComponent(text);
      const found = await asked(frame.dataset.search, query);
      const [code, ...others] = maybeIn(found);
      if (!code) return null;
      if (found.school) return schoolOf(found);
      const named = found.matches?.[0]?.name || text; // As it is spelt, not as it was typed.
      const at = found.place && [found.place.lat, to360(found.place.lng)];
      const href = frame.dataset.finderPage + query + (kind ? "&kind=" + encodeURIComponent(kind) : "");
      if (others.length) return { kind: "several", named, codes: [code, ...others], at, href, zoom: PLACE_ZOOM };
      return { kind: "place", named, note: noteOf(found), code, at: at || (await map.names.placeOf(text, code)), href, zoom: at ? PLACE_ZOOM : townZoom(map) };
    }

    async function meant(named, text) {
      if (named.kind === "school") return ours.schoolNumbered(named.school_id);
      if (named.kind === "catchment") return { kind: "catchment", code: named.code };
      if (named.kind === "provider") return catchmentsOf(named.code, text) || placeCalled(text, named.kind);
      if (named.kind === "region") return null; // Its name may be a town's: the finder is told which is meant.
      return placeCalled(text, named.kind);
    }

    function catchmentsOf(provider, text) {
      const codes = Array.from(facts.values()).filter((fact) => provider && fact.provider?.code === provider).map(({ code }) => code);
      const href = frame.dataset.finderPage + "?q=" + encodeURIComponent(text) + "&kind=provider";
      return codes.length ? { kind: "provider", codes, href } : null;
    }

    function show(finding, from, goOn) {
      finding
        .then((choice) => (choice && map.choose(choice, from)) || goOn())
        .catch(goOn); // The finder's own page says more than the map can.
    }

    document.addEventListener("finder-chosen", (event) => {
      const { chosen, text, goOn } = event.detail;
      const box = event.target.closest("[data-on-map]");
      if (!box) return;
      event.preventDefault();
      if (chosen.name) box.querySelector("input").value = chosen.name;
      show(meant(chosen, text), event.target, goOn);
    });

    const form = frame.dataset.search && document.querySelector("[data-on-map] input")?.form;
    if (form) form.addEventListener("submit", (event) => {
      const input = document.querySelector("[data-on-map] input");
      const text = input.value.trim();
      if (!text || form.querySelector("[name=kind]")) return; // Chosen already: it goes where it is told.
      event.preventDefault();
      // A page that has nowhere else to look says so.
      const goOn = () => ("stays" in frame.dataset ? map.fire("told", { sentence: words.notFound }) : form.submit());
      show(placeCalled(text), input, goOn);
    });
  };
})();
