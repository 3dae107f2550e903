// Keeps each row of a score sheet as it is typed, and moves between rows by keyboard.
"use strict";

const sheet = document.getElementById("sheet");
const kept = document.getElementById("kept");
const csrf = document.querySelector("meta[name=csrf]").content;
const waiting = new Map();
const unkept = new Map(); // rows that were sent and not kept, with the reason
let turn = Promise.resolve();
let sending = 0;

function rowOf(field) {
  return field.closest("tr");
}

function say(row, name, text) {
  const field = row.querySelector(`[name="${CSS.escape(name)}"]`);
  const flaw = field && field.parentElement.querySelector(".flaw");
  if (!flaw) return;
  flaw.textContent = text;
  flaw.hidden = !text;
  field.parentElement.classList.toggle("wrong", Boolean(text));
  if (text) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", flaw.id);
  } else {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

// "Kept" is said of the whole sheet: only once nothing waits and nothing was refused.
function tell() {
  const codes = Array.from(unkept.keys(), (row) => row.dataset.code).join("、");
  const [why] = Array.from(unkept.values()).slice(-1);
  if (unkept.size) kept.textContent = sheet.dataset.unkept.replace("{codes}", codes).replace("{why}", why);
  else if (!waiting.size && !sending) kept.textContent = sheet.dataset.kept;
}

// Rows that did not arrive, but for those in which something is to be mended first.
function again() {
  for (const row of unkept.keys()) if (!row.querySelector("[aria-invalid]")) later(row);
}

// Sends a row; returns why it was not kept.
async function keep(row) {
  const form = new FormData();
  form.set("csrf", csrf);
  for (const field of row.querySelectorAll("input")) {
    if (field.type !== "checkbox" || field.checked) form.set(field.name, field.value);
  }
  let told;
  try {
    const answer = await fetch(sheet.action, {
      method: "POST", body: new URLSearchParams(form), headers: { Accept: "application/json", "X-CSRF-Token": csrf },
      keepalive: true, // also while the page is left
    });
    told = await answer.json();
    if (!answer.ok && !told.errors) throw new Error(told.text || "");
  } catch (error) {
    return error.message && !(error instanceof TypeError) ? error.message : sheet.dataset.away;
  }
  const wrong = told.errors || {};
  for (const field of row.querySelectorAll("input[inputmode]")) {
    const [, code, ...id] = field.name.split("-");
    say(row, field.name, wrong[`${code}/${id.join("-")}`] || "");
  }
  const seen = told.seen[row.dataset.code];
  if (seen !== undefined) row.querySelector("[name^=seen-]").value = seen;
  if (told.errors) return Object.values(wrong)[0];
  row.querySelector("output").textContent = told.totals[row.dataset.code] || "–";
  return "";
}

async function send(row) {
  clearTimeout(waiting.get(row));
  waiting.delete(row);
  sending += 1;
  const why = await keep(row);
  sending -= 1;
  unkept.delete(row);
  if (why) unkept.set(row, why);
  else again();
  tell();
}

function later(row) {
  kept.textContent = sheet.dataset.saving;
  clearTimeout(waiting.get(row));
  waiting.set(row, setTimeout(() => { turn = turn.then(() => send(row)); }, 400));
}

function recused(row) {
  const off = row.querySelector("[type=checkbox]").checked;
  for (const field of row.querySelectorAll("input[inputmode]")) field.disabled = off;
}

sheet.addEventListener("input", (event) => {
  if (event.target.type !== "checkbox") later(rowOf(event.target));
});
sheet.addEventListener("change", (event) => {
  if (event.target.type === "checkbox") {
    recused(rowOf(event.target));
    later(rowOf(event.target));
  }
});
sheet.addEventListener("keydown", (event) => {
  const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.closest("td") || event.isComposing) return;
  event.preventDefault();
  const cell = event.target.closest("td");
  let row = rowOf(cell);
  do {
    row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  } while (row && row.cells[cell.cellIndex].querySelector("input").disabled);
  const field = row && row.cells[cell.cellIndex].querySelector("input");
  if (field) {
    field.focus();
    if (field.select) field.select();
  }
});
for (const leaving of ["beforeunload", "pagehide"]) {
  addEventListener(leaving, () => { for (const row of [...waiting.keys()]) send(row); });
}
sheet.addEventListener("submit", () => unkept.clear()); // the button sends all of them
addEventListener("beforeunload", (event) => { if (unkept.size) event.preventDefault(); });
addEventListener("online", again);
for (const row of sheet.querySelectorAll("tbody tr")) recused(row);
