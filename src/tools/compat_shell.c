/* Which commands a shell line runs, as far as it can be said without running it.  Quotes and
 * separators are followed; what would need a shell to be understood is refused.  It keeps an agent
 * to a list, and no attacker in: an allowed find can run anything, and so can what it writes.  The
 * wall is the container's. */
#include <string.h>
#include "buf.h"
#include "compat.h"
#include "config.h"

struct line {
	const char *at;
	const char *allowed;
	bool at_command; /* the next word is a command's name */
	bool to_file;    /* the next word is where output goes to, or input comes from */
	struct error *err;
};

static bool cannot_follow(struct line *line, const char *what)
{
	return error_set(line->err, ERROR_INVALID,
			 "Command not allowed: %s cannot be checked against BASH_ALLOWED_COMMANDS",
			 what);
}

/* What begins with a dollar sign or a backtick, where a shell expands it. */
static bool check_expansion(struct line *line)
{
	static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				    "0123456789";
	const char *at = line->at;

	if (*at == '`' || (at[0] == '$' && at[1] == '('))
		return cannot_follow(line, "a command substitution");
	/* Quotes inside of it have rules of their own. */
	if (at[0] == '$' && at[1] == '{' && at[2 + strspn(at + 2, names)] != '}')
		return cannot_follow(line, "an expansion that is more than ${NAME}");
	return true;
}

/* '…' and "…"; line->at stands on the quote.  Its text goes to word. */
static bool read_quoted(struct line *line, struct buf *word)
{
	char quote = *line->at++;

	for (; *line->at && *line->at != quote; line->at++) {
		if (quote == '"' && !check_expansion(line))
			return false;
		if (quote == '"' && *line->at == '\\' && line->at[1])
			(void)buf_add(word, line->at++, 1);
		(void)buf_add(word, line->at, 1);
	}
	if (!*line->at)
		return cannot_follow(line, "an open quote");
	line->at++;
	return true;
}

/* Up to a space or an operator.  *ret_plain: it stands for itself. */
static bool read_word(struct line *line, struct buf *word, bool *ret_plain)
{
	*ret_plain = true;
	while (*line->at && !strchr(" \t\r\n|&;<>()", *line->at)) {
		if (!check_expansion(line))
			return false;
		if (line->at[0] == '$' && (line->at[1] == '\'' || line->at[1] == '"'))
			return cannot_follow(line, "a $'…' text");
		if (strchr("\\$*?[]{}~'\"!", *line->at))
			*ret_plain = false;
		if (*line->at == '\'' || *line->at == '"') {
			if (!read_quoted(line, word))
				return false;
			continue;
		}
		if (*line->at == '\\' && line->at[1])
			(void)buf_add(word, line->at++, 1);
		(void)buf_add(word, line->at++, 1);
	}
	return true;
}

static bool is_assignment(const char *word)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				     "0123456789";

	return *word && strchr(letters, *word) && word[strspn(word, others)] == '=';
}

/* Programs may be called by their usual places. */
static const char *base_name(const char *word)
{
	static const char *const places[] = { "/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/",
					      "/usr/sbin/" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strncmp(word, places[i], strlen(places[i])) == 0)
			return word + strlen(places[i]);
	return word;
}

static bool check_command(struct line *line, const char *word, bool plain)
{
	if (!plain)
		return cannot_follow(line, "a command whose name is computed or quoted");
	if (config_list_has(line->allowed, base_name(word)))
		return true;
	return error_set(line->err, ERROR_INVALID,
			 "Command not allowed: %.60s. Allowed commands: %.300s", word,
			 line->allowed);
}

static bool take_word(struct line *line)
{
	auto_buf word = BUF_INIT(COMMAND_ARG_MAX);
	bool plain;

	if (*line->at == '#')
		return cannot_follow(line, "a comment");
	if (!read_word(line, &word, &plain))
		return false;
	if (line->to_file) {
		line->to_file = false;
		return true;
	}
	if (!line->at_command || is_assignment(buf_text(&word)))
		return true;
	line->at_command = false;
	return check_command(line, buf_text(&word), plain);
}

static bool take_operator(struct line *line)
{
	char operator= * line->at++;

	if (operator== '(' || operator== ')')
		return cannot_follow(line, "what stands in parentheses");
	if (operator== '<' && * line->at == '<')
		return cannot_follow(line, "a here-document");
	if (operator== '<' || operator== '>') {
		line->to_file = true;
		line->at += strchr("<>|&", *line->at) && *line->at;
		return true;
	}
	line->at_command = true;
	line->to_file = false;
	return true;
}

bool compat_shell_allows(const char *text, const char *allowed, struct error *err)
{
	struct line line = { .at = text, .allowed = allowed, .at_command = true, .err = err };

	if (!allowed || strcmp(allowed, "*") == 0)
		return true;
	while (*line.at) {
		bool good = true;

		if (strchr(" \t\r", *line.at))
			line.at++;
		else if (line.at[0] == '\\' && line.at[1] == '\n')
			line.at += 2;
		else if (strchr("\n|&;<>()", *line.at))
			good = take_operator(&line);
		else
			good = take_word(&line);
		if (!good)
			return false;
	}
	return true;
}
