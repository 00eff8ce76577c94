/* What is known of a client by the name it gives itself: how long it waits for an answer, and how
 * much of one it takes.  Waits and output stay below that, whatever is asked for, so that an answer
 * arrives instead of the client's own time-out or cut; the rest is read with check_command.
 *
 * There is no column for which half of a result a client gives its model.  They differ (Claude Code
 * and VS Code: structuredContent, anthropics/claude-code#55677 and microsoft/vscode#290063;
 * claude.ai, ChatGPT and Amazon Q: content), and change, so that both halves are always whole. */
#include "internal.h"
#include <string.h>

static const struct client clients[] = {
	/* Claude Desktop: 60 s, the official SDK's default, then a wall of four minutes that cannot
	 * be moved (anthropics/claude-code#22542, #52859). */
	{ "claude-ai", 60, 0 },
	/* A result of more than 50,000 characters goes to a file instead of to the model
	 * (code.claude.com/docs/en/mcp, "Raise the limit for a specific tool"). */
	{ "claude-code", 0, 50000 },
	/* Unless tool_timeout_sec says otherwise 60 s (developers.openai.com/codex,
	 * "Configuration Reference"), in its newest versions 300 (openai/codex,
	 * codex-rs/codex-mcp/src/rmcp_client.rs: DEFAULT_TOOL_TIMEOUT). */
	{ "codex-mcp-client", 60, 0 },
	/* Only its users tell: 60 s in one version (github/copilot-cli#1535), 180 in another
	 * (#1378). */
	{ "github-copilot-developer", 60, 0 },
	/* Only its users tell: 180 s (google-antigravity/antigravity-cli#780). */
	{ "antigravity-client", 180, 0 },
	/* 60 s unless `timeout` or MCP_DEFAULT_TIMEOUT_MS says otherwise (danny-avila/LibreChat,
	 * packages/api/src/mcp/__tests__/MCPConnectionTimeout.test.ts). */
	{ "@librechat/api-client", 60, 0 },
	/* 20 s unless spring.ai.mcp.client.request-timeout says otherwise; followed by the name of
	 * the connection (spring-projects/spring-ai, McpClientCommonProperties.java). */
	{ "spring-ai-mcp-client*", 20, 0 },
};

static bool is_called(const struct client *client, const char *name)
{
	size_t len = strcspn(client->name, "*");

	return strncmp(client->name, name, len) == 0 &&
	       (client->name[len] == '*' || name[len] == '\0');
}

const struct client *client_find(const char *name)
{
	static const struct client unknown = { "", 0, 0 };

	for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++)
		if (is_called(&clients[i], name))
			return &clients[i];
	return &unknown;
}

int64_t client_wait_ms(const struct client *client, int64_t wait_ms)
{
	/* The rest is for the way there and back, and for starting the command. */
	int64_t most = client->deadline_s * INT64_C(750);

	return client->deadline_s > 0 && wait_ms > most ? most : wait_ms;
}

int64_t client_output_bytes(const struct client *client, int64_t bytes)
{
	/* Two streams, and room for what escaping and the words around them add. */
	int64_t most = client->result_chars * INT64_C(2) / 5;

	return client->result_chars > 0 && bytes > most ? most : bytes;
}
