// Elements without a framework.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An HTML element. Properties named on… are listeners; null, undefined and false children are left out.
 * Text is always text, never markup.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | number | null | undefined | false | Array)} children
 */
export function element(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * A symbol of the field as the field writes it: _x or _{xy} is a subscript, ^x or ^{xy} a superscript,
 * letters are italic and digits and operators upright.
 * @param {string} text for example "log Z", "⟨|m|⟩", "C_V"
 */
export function symbol(text) {
  const host = element('span', { class: 'symbol' });
  const pieces = text.matchAll(/([_^])(?:\{([^}]*)\}|(.))|(log|ln|exp|Re|ESS)\b|([^_^])/gu);
  for (const [, script, braced, single, word, plain] of pieces) {
    if (script) host.append(element(script === '_' ? 'sub' : 'sup', {}, italic(braced ?? single)));
    else host.append(word ?? italic(plain));
  }
  return host;
}

function italic(text) {
  return /\p{L}/u.test(text) ? element('i', {}, text) : text;
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(typeof child === 'number' ? String(child) : child);
  }
  return node;
}
