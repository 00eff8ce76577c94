// An agent: an official MCP client connected to a server, with a few verbs that make tests read well.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import assert from 'node:assert/strict';

export class Agent {
  /** elicit: what the agent's person answers, given the params of what is asked. */
  static async connect(url, { key, path = '/mcp', sessionId, elicit } = {}) {
    const agent = new Agent();
    agent.transport = new StreamableHTTPClientTransport(new URL(path, url), {
      sessionId,
      requestInit: key ? { headers: { Authorization: `Bearer ${key}` } } : undefined,
    });
    agent.client = new Client({ name: 'sandpod-e2e', version: '1.0.0' }, { capabilities: elicit ? { elicitation: {} } : {} });
    if (elicit) agent.client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params));
    await agent.client.connect(agent.transport);
    return agent;
  }

  get sessionId() { return this.transport.sessionId; }

  /** The whole result of a tool. */
  tool(name, args = {}) {
    return this.client.callTool({ name, arguments: args }, undefined, { timeout: 60000 });
  }

  /** The structured form of a result that must be a success. */
  async call(name, args = {}) {
    const result = await this.tool(name, args);
    assert.ok(!result.isError, `${name}: ${textOf(result)}`);
    assert.ok(result.structuredContent, `${name} gave no structured form`);
    assert.ok(textOf(result).length > 0, `${name} gave no text`);
    return result.structuredContent;
  }

  /** The structured form of a result that must be an error with this code. */
  async refused(code, name, args = {}) {
    const result = await this.tool(name, args);
    assert.ok(result.isError, `${name} should have been refused: ${textOf(result)}`);
    assert.equal(result.structuredContent.code, code, textOf(result));
    assert.match(textOf(result), /\S/);
    return result.structuredContent;
  }

  async container(args = {}) {
    return (await this.call('create_container', args)).container_id;
  }

  run(container_id, command, args = {}) {
    return this.call('execute_command', { container_id, command, ...args });
  }

  /** Waits for the end of a command that was handed back running. */
  async finish(command_id, limitMs = 60000) {
    const end = Date.now() + limitMs;
    for (;;) {
      const view = await this.call('check_command', { command_id, wait_seconds: 20 });
      if (view.state !== 'running') return view;
      assert.ok(Date.now() < end, `command ${command_id} still runs after ${limitMs} ms`);
    }
  }

  close() { return this.client.close(); }
}

export function textOf(result) {
  return result.content.filter((block) => block.type === 'text').map((block) => block.text).join('\n');
}
