/*
 * What a key may do: a row of None / Read / Read and write for scopes that
 * look like x:read and x:write, a box for each other one.  What a chosen one
 * implies is ticked and fixed.
 */

import { button, field, h, id, list, put, t } from "./kit.js";


/* { thing, scopes, levels: [[label, scopes it takes]] } in the catalogue's
 * order. */

function rowsOf(catalogue) {
  const find = (name) => catalogue.filter((scope) => scope.name === name);

  return catalogue.flatMap((scope) => {
    const [, thing, act] = /^(.+):(read|write)$/.exec(scope.name) || [];
    const read = find(thing + ":read");
    const both = [...read, ...find(thing + ":write")];

    return !read[0]
      ? { thing: scope.name, scopes: [scope], levels: [["", [scope]]] }
      : act === "write" ? []
        : { thing, scopes: both, levels: [[t`None`, []], [t`Read`, read],
          both[1] && [t`Write`, [both[1]]],
          both[1] && [t`Read and write`, both]].filter(Boolean) };
  });
}


/* Name => which of the chosen ones imply it, however far. */

function impliedBy(catalogue, chosen) {
  const implied = {};

  for (const name of chosen) {
    const seen = [name];

    for (const one of seen) {
      for (const next of catalogue.find((scope) => scope.name === one)
        ?.implies || []) {
        if (!seen.includes(next)) {
          seen.push(next);
          (implied[next] ||= []).push(name);
        }
      }
    }
  }

  return implied;
}


/* The scopes that these open. */

export function opened(catalogue, scopes) {
  const implied = impliedBy(catalogue, scopes);

  return catalogue.filter(({ name }) => scopes.includes(name)
    || implied[name]);
}


const same = (a, b) => a.length === b.length && a.every((x) => b.includes(x));


/* "read customers and jobs, and read and write leads" */

export function told(catalogue, scopes) {
  const has = opened(catalogue, scopes);
  const can = {};

  for (const { thing, scopes: own, levels } of rowsOf(catalogue)) {
    const held = own.filter((scope) => has.includes(scope));
    const [label] = levels.find(([, takes]) => same(takes, held)) || [];

    if (held[0]) {
      (can[label || t`Use`] ||= []).push(thing);
    }
  }

  return list(Object.entries(can).map(([verb, things]) =>
    `${verb.toLowerCase()} ${list(things)}`)) || t`open what needs no scope`;
}


/* { node, value() }: those that are "given" are chosen at first. */

export function picker(catalogue, given, changed) {
  const chosen = new Set(given);
  const rows = rowsOf(catalogue.filter((scope) => scope.offered
    || chosen.has(scope.name))).map(rowOf);
  const preset = (label, pattern) => button(label, () => {
    chosen.clear();
    catalogue.filter(({ name, offered }) => offered && pattern.test(name))
      .forEach(({ name }) => chosen.add(name));
    draw();
  }, ".kg-small");
  const node = field("scopes", t`Access`, [
    h("p.kg-row", h("span.kg-hint", t`What it needs, and no more.`),
      preset(t`Read everything`, /(^|:)read$/), preset(t`Nothing`, /^$/)),
    h("div.kg-scopes", rows.map((row) => row.node))]);

  function draw() {
    const implied = impliedBy(catalogue, chosen);

    rows.forEach((row) => row.draw(implied));
    changed();
  }

  function rowOf({ thing, scopes, levels }) {
    const name = id();
    const why = h("em");
    const alone = !levels[1];
    const shown = levels.filter(([label]) => label !== t`Write`
      || !given.includes(scopes[0].name) && given.includes(scopes[1].name));
    const inputs = shown.map(([, takes]) => h("input", { name,
      type: alone ? "checkbox" : "radio",
      onchange({ target }) {
        scopes.forEach((scope) => chosen.delete(scope.name));
        takes.forEach((scope) => target.checked && chosen.add(scope.name));
        draw();
      } }));
    const title = thing.replace(/[:_-]/g, " ");
    const about = [h("b", title[0].toUpperCase() + title.slice(1)),
      h("span.kg-hint", scopes.map((scope) => scope.description)
        .filter(Boolean).join(". "), " ", why)];

    return {
      node: alone ? h("label.kg-scope", h("span", about), inputs)
        : h("fieldset.kg-scope", h("legend", about), h("span.kg-choice",
          shown.map(([label], i) => h("label", inputs[i], label)))),

      draw(implied) {
        const fixed = scopes.filter((scope) => implied[scope.name]);
        const held = scopes.filter((scope) => chosen.has(scope.name)
          || fixed.includes(scope));

        inputs.forEach((input, i) => {
          const takes = shown[i][1];

          input.checked = same(takes, held);
          input.disabled = alone ? fixed[0]
            : !fixed.every((scope) => takes.includes(scope));
        });
        put(why, fixed[0] && t`Included in ${list(implied[fixed[0].name])}.`);
      },
    };
  }

  draw();

  /* those that the catalogue does not have any more stay */

  return { node, value: () => [...new Set([...catalogue.map(
    (scope) => scope.name), ...given])].filter((name) => chosen.has(name)) };
}
