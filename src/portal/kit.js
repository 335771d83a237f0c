/*
 * What the rest is made of: elements, words, times, requests, dialogs.
 * Elements are made of texts and never of markup: whatever a key is called, it
 * is text, and the page's Content-Security-Policy needs no exception.
 */

import { errors, words } from "./texts.js";

const DAY = 86400000;
const STEPS = { year: 365 * DAY, month: 30 * DAY, day: DAY, hour: 3600000,
  minute: 60000, second: 1000 };

let last = 0;


/* h("p.kg-hint", { id: "x", onclick: f }, "text", node, [more, false]) */

export function h(tag, ...rest) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElementNS(/^(svg|rect)$/.test(name)
    ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", name);
  const given = rest[0]?.constructor === Object ? rest.shift() : {};

  node.setAttribute("class", classes.join(" "));

  for (const [key, value] of Object.entries(given)) {
    if (key === "value" || value === true || value?.call) {
      node[key] = value;
    } else if (value || value === 0) {
      node.setAttribute(key, value);
    }
  }

  return put(node, rest);
}


/* Gives a node other children. */

export function put(node, ...kids) {
  node.replaceChildren(...kids.flat(9).filter(Boolean));

  return node;
}


export const id = () => "kg-" + ++last;

export const button = (label, onclick, kind = "") =>
  h("button.kg-button" + kind, { type: "button", onclick }, label);

export const facts = (...pairs) => h("dl.kg-facts", pairs.map((pair) => pair
  && h("div", h("dt", pair[0]), h("dd", pair[1]))));


/* A control, or a list of them, with its label and a place for what is wrong
 * with it. */

export function field(name, label, control, hint) {
  const many = Array.isArray(control);
  const about = h("p.kg-hint", { id: id() }, hint, h("b.kg-wrong"));
  const node = many ? h("fieldset", h("legend", label), control, about)
    : h("div", h("label", { for: control.id = id() }, label), control, about);

  (many ? node : control).setAttribute("aria-describedby", about.id);
  node.classList.add("kg-field");
  node.dataset.field = name;

  return node;
}


/* One of several, side by side: { value: label }. */

export function choice(options, chosen, onchange) {
  const name = id();

  return h("span.kg-choice", { onchange }, Object.entries(options).map(
    ([value, label]) => h("label", h("input", { type: "radio", name, value,
      checked: value === chosen }), label)));
}


/* t`Rotate ${name}`: the words for "Rotate {0}", filled in.  No name turns
 * round what stands after it. */

export function t(parts, ...values) {
  const english = parts.reduce((all, part, i) => `${all}{${i - 1}}${part}`);

  return (words[english] ?? english).replace(/\{(\d)\}/g,
    (all, i) => plain(values[i]));
}

export const plain = (text) => String(text).replace(
  /[\0-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");


const spoken = (kind, options) => new Intl[kind](
  document.documentElement.lang || undefined, options);

export const number = (n) => spoken("NumberFormat").format(n);

export const list = (names, options) => spoken("ListFormat", options)
  .format(names);

export const date = (time, timeStyle, timeZone) => spoken("DateTimeFormat",
  { dateStyle: "medium", timeStyle, timeZone }).format(new Date(time));

export const age = (time) => Math.floor((Date.now() - new Date(time)) / DAY);

export const inDays = (n) => new Date(Date.now() + n * DAY);


export function relative(time) {
  const left = new Date(time) - Date.now();
  const [unit, size] = Object.entries(STEPS).find(
    (step) => Math.abs(left) >= step[1]) || ["second", 1000];

  return spoken("RelativeTimeFormat", { numeric: "auto" }).format(
    Math.trunc(left / size), unit);
}

export const when = (time) => time ? h("time", { datetime: time,
  title: date(time, "short") }, relative(time)) : t`Never`;


/* The answer's JSON, and its ETag; or an error with a status. */

export async function call(base, method, path, body, etag) {
  const fail = (status, problem) => {
    throw Object.assign(Error(problem?.detail), { errors: [] }, problem,
      { status });
  };
  let answer, json;

  try {
    answer = await fetch(new URL(path, base), { method, headers: {
      ...body && { "Content-Type": "application/json" },
      ...etag && { "If-Match": etag } },
    body: body && JSON.stringify(body), cache: "no-store",
    redirect: "manual", signal: AbortSignal.timeout(20000) });

    if (/[/+]json\b/.test(answer.headers.get("Content-Type"))) {
      json = await answer.json();
    }

  } catch {
    fail(0);
  }

  /* a page to sign in, in place of what was asked for, is a 401, too */

  return answer.ok && json ? { json, etag: answer.headers.get("ETag") }
    : fail(answer.status > 399 ? answer.status : 401, json);
}


/* Does something; what is wrong with it is said in "node". */

export async function attempt(page, node, act, ...more) {
  const each = (what, then) => node.querySelectorAll(what).forEach(then);

  each(":scope > .kg-problem", (old) => old.remove());
  each(".kg-wrong", (old) => put(old));
  each("[aria-invalid]", (old) => old.removeAttribute("aria-invalid"));

  try {
    return await act();

  } catch (problem) {
    if (problem.status === undefined) {
      throw problem;
    }

    const rest = problem.errors.filter((error) => !mark(node, error));

    if (rest[0] || !problem.errors[0]) {
      node.prepend(explain(page, problem, rest, more, problem.more));
      node.scrollIntoView({ block: "nearest" });
    }
  }
}


/* Says at a field what is wrong with it, and goes there. */

function mark(node, { pointer, detail }) {
  const part = node.querySelector(
    `[data-field="${CSS.escape(pointer.split("/")[1] || "")}"]`);

  if (part) {
    part.closest("details")?.setAttribute("open", "");
    put(part.querySelector(".kg-wrong"), t`This ${detail}.`);
    part.querySelector("input, select, textarea").setAttribute(
      "aria-invalid", "true");
    node.querySelector("[aria-invalid]").focus();
  }

  return part;
}


function explain(page, { status, code, message, request_id }, rest, ...more) {
  return h("div.kg-problem", { role: "alert" },
    h("p", h("strong", status > 401 && status < 500 && message), " ",
      errors[code] || errors[status] || errors[status < 500 ? 404 : 500]),
    rest.map(({ pointer, detail }) => h("p", pointer, " ", detail)),
    status === 401 ? h("a", { href: page.getAttribute("login")
      || location.href }, t`Sign in again`) : more,
    request_id && h("p.kg-row.kg-hint", t`Request ${request_id}`,
      button(t`Copy`, () => page.copy(request_id), ".kg-small")));
}


/* A dialog of the browser's own, which keeps the focus and gives it back. */

export function open(page, title, kind, ...content) {
  const own = id();
  const dialog = h("dialog.kg-dialog" + kind, { "aria-labelledby": own },
    h("h2", { id: own }, title), content);
  const { key } = document.activeElement.dataset;

  dialog.addEventListener("close", () => {
    dialog.remove();
    page.settle(key);
  });
  page.append(dialog);
  dialog.showModal();

  return dialog;
}


/*
 * A question: "act" does it, and the dialog ends when that is done, or says
 * what is wrong; what it returns is called then.  What cannot be undone has
 * its focus on Cancel.
 */

export function ask(page, { title, kind = "", content, label, danger, act }) {
  const cancel = button(t`Cancel`, () => dialog.close());
  const form = h("form.kg-form", { noValidate: true, onsubmit }, content,
    h("div.kg-actions", cancel,
      h("button.kg-button" + (danger ? ".kg-danger" : ".kg-primary"), label)));
  const dialog = open(page, title, kind, form);

  if (danger) {
    cancel.focus();
  }

  async function onsubmit(event) {
    event.preventDefault();

    if (!form.ariaBusy) {
      form.ariaBusy = "true";

      const then = await attempt(page, form, act).finally(() => {
        form.ariaBusy = null;
      });

      if (then) {
        dialog.close();
        then();
      }
    }
  }

  return form;
}
