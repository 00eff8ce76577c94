// The interpreter of JavaScript.  Process 1 starts it with requests on descriptor 3 ("run LENGTH",
// then so many bytes of code) and outcomes on 4 (lines of JSON, then "done STATUS"); code.h has the
// whole.  Code is rewritten a little before it runs, as REPLs do: what it declares outside of
// functions becomes global and may be declared again, await and import stand anywhere.
(function (require, importModule) {
'use strict';
const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const vm = require('vm');
const Module = require('module');
const { Writable } = require('stream');
const { pathToFileURL } = require('url');
const { setImmediate: soon, Promise: Later, JSON: Json } = globalThis;

const PICTURE_MAX = 2 * 1024 * 1024; // in base 64
const JSON_MAX = 512 * 1024; // of a result; escapes make a character six bytes at most
const TEXT_MAX = 256 * 1024;
const ERROR_MAX = 64 * 1024;
const DEPTH_MAX = 50;
const INTERRUPTED = 'ERR_SCRIPT_EXECUTION_INTERRUPTED';

const internal = (name) => {
	try {
		return require(`internal/${name}`);
	} catch {
		return null; // another version of Node than those known
	}
};
// Node's own parser of JavaScript; without it code runs as it is.
const acorn = internal('deps/acorn/acorn/dist/acorn');
// What was interrupted has not left its places on this stack; Node aborts when it finds that.
const { clearAsyncIdStack = () => {} } = internal('async_hooks') || {};

// --- descriptors --------------------------------------------------------------------------------

// Another descriptor of the same pipe, which code that closes the usual one does not know.
function keep(fd, flags) {
	try {
		return fs.openSync(`/proc/self/fd/${fd}`, flags);
	} catch {
		return fd;
	}
}
const requests = keep(3, 'r');
const outcomes = keep(4, 'w');
const outputs = { 1: keep(1, 'w'), 2: keep(2, 'w') };
for (const [fd, other] of [[3, requests], [4, outcomes]]) {
	if (fd === other) continue;
	fs.closeSync(fd);
	fs.openSync('/dev/null'); // takes its place: nothing of Node's own stands where code may close
}

const pause = new Int32Array(new SharedArrayBuffer(4));
function writeAll(fd, bytes) {
	for (let at = 0; at < bytes.length; ) {
		try {
			at += fs.writeSync(fd, bytes, at);
		} catch (error) {
			if (error.code !== 'EAGAIN') throw error;
			Atomics.wait(pause, 0, 0, 2); // a child has made the pipe non-blocking
		}
	}
}

// process.stdout and process.stderr: in order, complete, and never closed.  They keep nothing, so
// that an interrupt in the middle of a write leaves nothing behind.
class Output extends Writable {
	constructor(fd) {
		super();
		this.fd = fd;
	}
	write(chunk, encoding, done) {
		const then = [encoding, done].find((argument) => typeof argument === 'function');
		const bytes = typeof chunk === 'string'
			? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8')
			: Buffer.from(chunk);
		writeAll(outputs[this.fd], bytes);
		if (then) process.nextTick(then);
		return true;
	}
	end(chunk, encoding) {
		if (chunk !== undefined && chunk !== null && typeof chunk !== 'function')
			this.write(chunk, encoding);
		return this;
	}
	destroy() {
		return this;
	}
}
const streams = { stdout: new Output(1), stderr: new Output(2) };

function isSame(fd, other) {
	try {
		const [a, b] = [fs.fstatSync(fd), fs.fstatSync(other)];
		return a.ino === b.ino && a.dev === b.dev;
	} catch {
		return false;
	}
}

// Programs that the code starts inherit the descriptors themselves.
function restoreDescriptor(fd) {
	const opened = [];
	if (outputs[fd] === fd || isSame(fd, outputs[fd])) return;
	try {
		fs.closeSync(fd);
	} catch {} // the code has closed it
	do opened.push(fs.openSync(`/proc/self/fd/${outputs[fd]}`, 'w'));
	while (opened.at(-1) < fd); // the lowest that is free comes first
	opened.filter((got) => got !== fd).forEach((got) => fs.closeSync(got));
}

// --- outcomes -----------------------------------------------------------------------------------

const send = (record) => writeAll(outcomes, Buffer.from(Json.stringify(record) + '\n'));
const cut = (text, most) =>
	text.length <= most ? text : `${text.slice(0, most)}\n[… ${text.length - most} characters left out]`;
// What JSON and its readers can carry: no half surrogates, no NUL.
const clean = (text) => Buffer.from(text).toString().replaceAll('\0', '\\x00');
const isCleanText = (text) => !/[\ud800-\udfff\0]/u.test(text);

function isJson(value, room, depth) {
	room.left -= 8;
	if (room.left < 0 || depth > DEPTH_MAX) return false;
	switch (typeof value) {
	case 'boolean':
		return true;
	case 'number':
		return Number.isFinite(value);
	case 'string':
		room.left -= value.length;
		return room.left >= 0 && isCleanText(value);
	case 'object':
		break;
	default:
		return false;
	}
	if (value === null) return true;
	if (!isPlain(value)) return false;
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++)
			if (!isJson(value[i], room, depth + 1)) return false;
		return true;
	}
	return Object.keys(value).every(
		(key) => isJson(key, room, depth) && isJson(value[key], room, depth + 1));
}

const isPlain = (value) =>
	Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(Object(value)));
const inspect = (value) =>
	util.inspect(value, {
		depth: isPlain(value) ? 5 : 1,
		maxArrayLength: 200,
		maxStringLength: 65536,
		breakLength: 100,
	});

function pictureOf(value) {
	if (!(value instanceof Uint8Array)) return null;
	const head = Buffer.from(value.subarray(0, 8)).toString('hex');
	const type = head === '89504e470d0a1a0a' ? 'png' : head.startsWith('ffd8ff') ? 'jpeg' : null;
	const data = type && Buffer.from(value).toString('base64');
	return data && data.length <= PICTURE_MAX
		? { type: 'image', mime_type: `image/${type}`, data }
		: null;
}

// Looks at the user's objects, whose own functions may never return.
function recordsOf(value) {
	if (value === undefined || /^(Timeout|Immediate)$/.test(value?.constructor?.name)) return [];
	const records = [pictureOf(value)].filter(Boolean);
	if (isJson(value, { left: JSON_MAX }, 0)) return [...records, { type: 'result', json: value }];
	return [...records, { type: 'result', text: clean(cut(inspect(value), TEXT_MAX)) }];
}

// The error as Node shows it, without the frames of Node and of this file.
function tracebackOf(error) {
	const kept = [];
	for (const line of inspect(error).split('\n')) {
		if (!/^\s+at .*(<sandpod>|node:|\(internal\/)|^\s+\.\.\. \d+ lines matching/.test(line))
			kept.push(line);
		else if (line.endsWith(' {')) kept.push(kept.pop() + ' {');
	}
	return clean(cut(kept.join('\n'), ERROR_MAX));
}

function errorRecord(error) {
	const record = { type: 'error', error_type: 'Error', message: '', traceback: '' };
	if (error && error.code === INTERRUPTED)
		return { ...record, error_type: 'Interrupted', message: 'interrupted', traceback: 'Interrupted' };
	try {
		const isError = util.types.isNativeError(error) || error instanceof Error;
		record.error_type = clean(cut(String(isError ? error.name : typeof error), 200));
		record.message = clean(cut(isError ? String(error.message) : inspect(error), ERROR_MAX));
		record.traceback = isError ? tracebackOf(error) : `Uncaught ${record.message}`;
	} catch (other) {
		record.message = 'the error itself cannot be shown';
	}
	return record;
}

// --- interrupts ---------------------------------------------------------------------------------

// SIGINT breaks out of what runs inside of a vm call.
const watcher = new vm.Script('(globalThis[Symbol.for("sandpod.watched")])()', { filename: '<sandpod>' });
function watched(work) {
	Object.defineProperty(globalThis, Symbol.for('sandpod.watched'), { value: work, configurable: true });
	return watcher.runInThisContext({ breakOnSigint: true, displayErrors: false });
}

let current = null; // the call under way
function onInterrupt() {
	if (current) current.interrupt(Object.assign(new Error('interrupted'), { code: INTERRUPTED }));
}

// Errors that nobody awaits: in timers, in promises let go.
function onUncaught(error) {
	if (current && !current.hasFailed) {
		current.hasFailed = true;
		send(errorRecord(error));
	} else {
		streams.stderr.write(`Uncaught ${errorRecord(error).traceback}\n`);
	}
}

// --- rewriting ----------------------------------------------------------------------------------

function namesOf(pattern, names) {
	if (!pattern) return;
	if (pattern.type === 'Identifier') names.push(pattern.name);
	else if (pattern.type === 'ObjectPattern')
		pattern.properties.forEach((p) => namesOf(p.value || p.argument, names));
	else if (pattern.type === 'ArrayPattern') pattern.elements.forEach((p) => namesOf(p, names));
	else namesOf(pattern.left || pattern.argument, names);
}

// Each node, with its parent; or each outside of functions.
function visitAll(node, parent, on, isDone = () => false) {
	on(node, parent);
	if (isDone(node)) return;
	for (const key of Object.keys(node))
		for (const child of [node[key]].flat())
			if (child && typeof child.type === 'string') visitAll(child, node, on, isDone);
}
const visit = (node, parent, on) =>
	visitAll(node, parent, on, ({ type }) => /Function|^Class/.test(type));

// Scripts of ours may import by themselves only in some versions of Node; in others a function of
// ours does it for them.
const ownLoader = (vm.constants || {}).USE_MAIN_CONTEXT_DEFAULT_LOADER;
const importWord = ownLoader ? 'import' : '__sandpod_import__';
const fromHere = (specifier, options) =>
	importModule(/^\.{0,2}\//.test(specifier) ? pathToFileURL(path.resolve(specifier)).href : specifier,
		options);
Object.defineProperty(globalThis, '__sandpod_import__', { value: fromHere });

class Rewriting {
	constructor(code, tree) {
		this.code = code;
		this.tree = tree;
		this.edits = []; // [start, end, text]
		this.fresh = []; // names that begin anew: let, const, class
		this.kept = []; // names that keep their value: var, function
		this.head = '';
		this.isAsync = false;
		visit(tree, null, (node) => {
			this.isAsync ||= /^Await|^ImportDecl/.test(node.type) || node.await === true;
		});
	}
	replace(node, text) {
		const lines = this.code.slice(node.start, node.end).split('\n').length;
		const missing = lines - text.split('\n').length;
		this.edits.push([node.start, node.end, text + '\n'.repeat(Math.max(0, missing))]);
	}
	insert(at, text) {
		this.edits.push([at, at, text]);
	}
	source(node) {
		return node.source.raw;
	}
	importing(node) {
		const parts = [];
		const namespace = node.specifiers.find((s) => s.type === 'ImportNamespaceSpecifier');
		const attributes = (node.attributes || []).map(
			(a) => `${a.key.raw || a.key.name}: ${a.value.raw}`);
		const options = attributes.length ? `, { with: { ${attributes} } }` : '';
		const module = `await ${importWord}(${this.source(node)}${options})`;
		for (const s of node.specifiers) {
			this.fresh.push(s.local.name);
			if (s === namespace) continue;
			const name = s.type === 'ImportDefaultSpecifier' ? 'default' : s.imported.raw || s.imported.name;
			parts.push(`${name}: ${s.local.name}`);
		}
		if (namespace) {
			const rest = parts.length ? `; ({ ${parts} } = ${namespace.local.name})` : '';
			this.replace(node, `;(${namespace.local.name} = ${module})${rest};`);
		} else {
			this.replace(node, parts.length ? `;({ ${parts} } = ${module});` : `;(${module});`);
		}
	}
	// In a function a declaration would be local: it becomes an assignment.
	assigning(node, parent) {
		const isEach = /^For(In|Of)/.test(parent.type) && parent.left === node;
		const isHead = isEach || (parent.type === 'ForStatement' && parent.init === node);
		const isListed = /^(Program|BlockStatement|SwitchCase|Export)/.test(parent.type);
		this.edits.push([node.start, node.start + node.kind.length, isListed ? ';' : '']);
		if (isEach) return;
		for (const one of node.declarations) {
			this.insert(one.start, '(');
			const isReset = !one.init && node.kind !== 'var';
			this.insert(one.end, isReset ? ' = undefined)' : ')');
		}
		if (!isHead && this.code[node.end - 1] !== ';') this.insert(node.end, ';');
	}
	declaring(node, parent) {
		const names = [];
		node.declarations.forEach((one) => namesOf(one.id, names));
		(node.kind === 'var' ? this.kept : this.fresh).push(...names);
		if (this.isAsync) this.assigning(node, parent);
		else if (node.kind !== 'var')
			this.edits.push([node.start, node.start + node.kind.length, 'var'.padEnd(node.kind.length)]);
	}
	statement(node, parent) {
		if (node.type === 'ImportDeclaration') {
			this.importing(node);
		} else if (node.type === 'VariableDeclaration' && /^(var|let|const)$/.test(node.kind)) {
			this.declaring(node, parent);
		} else if (node.type === 'ClassDeclaration' && node.id) {
			this.fresh.push(node.id.name);
			this.insert(node.start, `;${node.id.name} = `);
			this.insert(node.end, ';');
		} else if (node.type === 'FunctionDeclaration' && node.id) {
			this.kept.push(node.id.name);
			if (this.isAsync) this.head += `globalThis.${node.id.name} = ${node.id.name};`;
		} else if (/^Export(Named|Default)/.test(node.type)) {
			if (node.declaration) {
				this.edits.push([node.start, node.declaration.start, '']);
				this.statement(node.declaration, node);
			} else {
				this.replace(node, ';');
			}
		}
	}
	apply() {
		const body = this.tree.body.filter((node) => node.type !== 'EmptyStatement');
		const last = body[body.length - 1];
		const isEcho = Boolean(last) && last.type === 'ExpressionStatement';
		this.tree.body.forEach((node) => this.statement(node, this.tree));
		visit(this.tree, null, (node, parent) => {
			const isInner = parent && parent !== this.tree && !/^Export/.test(parent.type);
			if (isInner && node.type === 'VariableDeclaration' && node.kind === 'var')
				this.declaring(node, parent);
		});
		if (!ownLoader)
			visitAll(this.tree, null, ({ type, start }) => {
				if (type === 'ImportExpression') this.edits.push([start, start + 'import'.length, importWord]);
			});
		if (this.isAsync && isEcho) {
			this.insert(last.expression.start, 'return (');
			this.insert(last.expression.end, ')');
		}
		let code = this.code;
		this.edits.map((edit, i) => [...edit, i]).sort((a, b) => b[0] - a[0] || b[3] - a[3])
			.forEach(([start, end, text]) => (code = code.slice(0, start) + text + code.slice(end)));
		const head = this.isAsync ? `(async () => {${this.head}` : '';
		if (this.isAsync) code = `${head}${code}\n})()`;
		return { ...this, code, offset: head.length, isEcho };
	}
}

const asIs = (code) => ({ code, offset: 0, fresh: [], kept: [], isEcho: true, isAsync: false });

function rewrite(code) {
	const options = {
		ecmaVersion: 'latest',
		sourceType: 'script',
		allowAwaitOutsideFunction: true,
		allowImportExportEverywhere: true,
		allowHashBang: true,
		preserveParens: true,
	};
	const parsed = (text) => {
		try {
			return acorn.parse(text, options);
		} catch {
			return null;
		}
	};
	if (!acorn) return asIs(code);
	const literal = /^\s*\{[^]*\}\s*$/.test(code) ? `(${code}\n)` : null;
	const text = literal && parsed(literal) ? literal : code;
	const tree = parsed(text);
	return tree ? new Rewriting(text, tree).apply() : asIs(code);
}

// A name of the code becomes a plain global: globals such as crypto cannot be assigned to.
function declare(name, isFresh) {
	const own = Object.getOwnPropertyDescriptor(globalThis, name);
	if (own && !own.configurable) {
		if (isFresh && own.writable) globalThis[name] = undefined;
	} else if (!own || isFresh || own.get) {
		Object.defineProperty(globalThis, name, {
			value: undefined, writable: true, enumerable: true, configurable: true,
		});
	}
}

// --- calls --------------------------------------------------------------------------------------

const warn = process.emitWarning;
process.emitWarning = function (text, ...rest) {
	if (!/USE_MAIN_CONTEXT_DEFAULT_LOADER/.test(text)) warn.call(process, text, ...rest);
};
let cells = 0;

async function evaluate(code) {
	const filename = `<cell ${++cells}>`;
	const plan = rewrite(code);
	const script = new vm.Script(plan.code, {
		filename,
		columnOffset: -plan.offset,
		importModuleDynamically: ownLoader,
	});
	plan.kept.forEach((name) => declare(name, false));
	plan.fresh.forEach((name) => declare(name, true));
	let value = script.runInThisContext({ breakOnSigint: true, displayErrors: false });
	if (!plan.isEcho && !plan.isAsync) value = undefined;
	if (util.types.isPromise(value)) {
		const interrupted = new Later((_, reject) => (current.interrupt = reject));
		const ended = Later.race([value, interrupted]);
		ended.catch(() => {});
		watched(process._tickCallback); // what follows the first await, where nothing is waited for
		value = await ended;
	}
	return watched(() => recordsOf(value));
}

function restore() {
	restoreDescriptor(1);
	restoreDescriptor(2);
	for (const name of ['stdout', 'stderr'])
		if (process[name] !== streams[name])
			Object.defineProperty(process, name, { value: streams[name], configurable: true, writable: true });
	if (!process.listeners('SIGINT').includes(onInterrupt)) process.on('SIGINT', onInterrupt);
	if (!process.listeners('uncaughtException').includes(onUncaught))
		process.on('uncaughtException', onUncaught);
	const module = new Module('.');
	const from = Module.createRequire(path.join(process.cwd(), '<code>'));
	from.main = module; // `if (require.main === module)` holds
	Object.assign(globalThis, { require: from, module, exports: module.exports, __dirname: process.cwd() });
}

async function call(code) {
	let status = 0;
	current = { hasFailed: false, interrupt: () => {} };
	process.exitCode = undefined;
	try {
		restore();
		for (const record of await evaluate(code)) send(record);
	} catch (error) {
		status = error && error.code === INTERRUPTED ? 130 : 1;
		if (status === 130) clearAsyncIdStack();
		if (!current.hasFailed) send(errorRecord(error));
		current.hasFailed = true;
	}
	await new Later((resolve) => soon(resolve)); // promises that were let go have failed by now
	if (status === 0) status = current.hasFailed ? 1 : Number(process.exitCode || 0) & 255;
	current = null;
	process.exitCode = undefined;
	writeAll(outcomes, Buffer.from(`done ${status}\n`));
}

// --- requests -----------------------------------------------------------------------------------

let input = Buffer.alloc(0);
let wanted = -1; // bytes of code; below 0: its line has not come
async function take() {
	while (!current) {
		if (wanted < 0) {
			const end = input.indexOf('\n');
			if (end < 0) return;
			wanted = Number(input.subarray(0, end).toString().split(' ')[1]);
			input = input.subarray(end + 1);
		}
		if (input.length < wanted) return;
		const code = input.subarray(0, wanted).toString();
		input = input.subarray(wanted);
		wanted = -1;
		await call(code);
	}
}

delete process.env.SANDPOD_DRIVER;
process.execArgv = []; // of this interpreter only, not of what it forks
restore();
new net.Socket({ fd: requests, readable: true, writable: false })
	.on('data', (bytes) => {
		input = Buffer.concat([input, bytes]);
		take();
	})
	.on('end', () => process.exit());
})
