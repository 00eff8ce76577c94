// The page as Markdown.  This function runs inside the page's isolated world, as text: it may use
// nothing but its argument and the DOM.
export function toMarkdown(root) {
  const DEEPEST = 600;
  const SKIPPED = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'HEAD', 'SVG', 'CANVAS', 'OBJECT', 'EMBED', 'IFRAME', 'LINK',
    'META', 'AUDIO', 'VIDEO', 'DATALIST']);
  const BLOCKS = new Set(['ADDRESS', 'ARTICLE', 'ASIDE', 'DD', 'DETAILS', 'DIALOG', 'DIV', 'DL', 'DT', 'FIELDSET',
    'FIGCAPTION', 'FIGURE', 'FOOTER', 'FORM', 'HEADER', 'HGROUP', 'MAIN', 'NAV', 'P', 'SECTION', 'SUMMARY', 'BODY', 'HTML',
    'CENTER', 'CAPTION', 'LEGEND', 'OPTION', 'SELECT']);
  const oneLine = (text) => text.replace(/\s+/g, ' ');
  const paragraph = (text) => (text.trim() ? `\n\n${text.trim()}\n\n` : '');
  const escaped = (text) => text.replace(/([\\`*_[\]<])/g, '\\$1');

  function isShown(element) {
    return !element.checkVisibility || element.checkVisibility() || getComputedStyle(element).display === 'contents';
  }

  function inside(node, depth, raw) {
    let out = '';
    for (const child of (node.shadowRoot ?? node).childNodes)
      out += one(child, depth + 1, raw);
    return out;
  }

  function web(url) {
    return /^(https?|mailto|tel):/i.test(url) ? url.replace(/[()\s]/g, encodeURIComponent) : '';
  }

  function link(element, depth) {
    const text = oneLine(inside(element, depth)).trim();
    const url = web(element.href ?? '');
    return text && url ? `[${text}](${url})` : text;
  }

  function image(element) {
    const url = web(element.currentSrc || element.src || '');
    const alt = escaped(oneLine(element.alt ?? '').trim());
    return url ? `![${alt}](${url})` : alt;
  }

  function marked(mark, element, depth) {
    const text = inside(element, depth);
    return text.trim() && !text.includes('\n\n') ? text.replace(/^(\s*)([^]*?)(\s*)$/, `$1${mark}$2${mark}$3`) : text;
  }

  function fenced(element) {
    const text = element.textContent.replace(/\n$/, '');
    const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
    const fence = '`'.repeat(longest + 1);
    const language = /\blanguage-([\w+-]+)/.exec(`${element.className} ${element.firstElementChild?.className ?? ''}`)?.[1] ?? '';
    return `\n\n${fence}${language}\n${text}\n${fence}\n\n`;
  }

  function code(element) {
    const text = oneLine(element.textContent);
    const fence = '`'.repeat(Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length)) + 1);
    return text.trim() ? `${fence}${text}${fence}` : '';
  }

  function list(element, depth) {
    let number = Number(element.getAttribute('start') ?? 1) || 1;
    let out = '';
    for (const item of element.children) {
      const bullet = element.tagName === 'OL' ? `${number++}. ` : '- ';
      const text = tidy(item.tagName === 'LI' ? inside(item, depth) : one(item, depth));
      if (text)
        out += `${bullet}${text.replace(/\n/g, `\n${' '.repeat(bullet.length)}`)}\n`;
    }
    return element.parentElement?.tagName === 'LI' ? `\n${out}` : `\n\n${out}\n`;
  }

  /** Whether it only places things: a table in a table, or one column of blocks without a head. */
  function isLayout(element, high, wide) {
    if (wide === 0 || element.querySelector('table'))
      return true;
    return wide === 1 && !element.querySelector('th, thead') &&
      (high === 1 || element.querySelector('p, div, ul, ol, dl, pre, blockquote, form, h1, h2, h3, h4, h5, h6') !== null);
  }

  function table(element, depth) {
    const rows = [...element.rows].map((row) => [...row.cells].map((cell) =>
      oneLine(inside(cell, depth)).trim().replace(/\|/g, '\\|')));
    const wide = rows.reduce((most, row) => Math.max(most, row.length), 0);
    if (isLayout(element, rows.length, wide))
      return paragraph(inside(element, depth));
    const line = (cells) => `| ${Array.from({ length: wide }, (_, i) => cells[i] ?? '').join(' | ')} |\n`;
    const [head, ...rest] = rows;
    const caption = element.caption ? paragraph(inside(element.caption, depth)) : '';
    return `${caption}\n\n${line(head)}${line(Array(wide).fill('---'))}${rest.map(line).join('')}\n`;
  }

  function field(element) {
    const label = element.getAttribute('aria-label') || element.placeholder || element.name || '';
    return element.type === 'hidden' ? '' : `[${element.type || 'input'}${label ? `: ${escaped(label)}` : ''}]`;
  }

  const SPECIAL = {
    A: link,
    IMG: image,
    BR: () => '\n',
    HR: () => '\n\n---\n\n',
    PRE: fenced,
    CODE: code, KBD: code, SAMP: code, TT: code,
    B: (e, d) => marked('**', e, d), STRONG: (e, d) => marked('**', e, d),
    I: (e, d) => marked('*', e, d), EM: (e, d) => marked('*', e, d),
    DEL: (e, d) => marked('~~', e, d), S: (e, d) => marked('~~', e, d),
    UL: list, OL: list, MENU: list,
    TABLE: table, TR: (e, d) => `${inside(e, d)}\n`, TD: (e, d) => `${inside(e, d)} `, TH: (e, d) => `${inside(e, d)} `,
    BLOCKQUOTE: (e, d) => paragraph(tidy(inside(e, d)).replace(/^/gm, '> ')),
    INPUT: field, TEXTAREA: field,
    BUTTON: (e, d) => { const text = oneLine(inside(e, d)).trim(); return text ? `[button: ${text}]` : ''; },
  };

  function one(node, depth) {
    if (node.nodeType === Node.TEXT_NODE)
      return escaped(oneLine(node.data));
    if (node.nodeType !== Node.ELEMENT_NODE)
      return '';
    const name = node.tagName.toUpperCase();
    if (SKIPPED.has(name) || !isShown(node))
      return '';
    if (depth > DEEPEST)
      return escaped(oneLine(node.textContent));
    if (/^H[1-6]$/.test(name)) {
      const text = oneLine(inside(node, depth)).trim();
      return text ? `\n\n${'#'.repeat(Number(name[1]))} ${text}\n\n` : '';
    }
    if (Object.hasOwn(SPECIAL, name))
      return SPECIAL[name](node, depth);
    return BLOCKS.has(name) ? paragraph(inside(node, depth)) : inside(node, depth);
  }

  function tidy(text) {
    return text.replace(/[ \t]+\n/g, '\n').replace(/\n[ \t]+(?=\n)/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
  }

  return tidy(one(root, 0));
}
