/* Searching output with an expression that a tenant wrote: both are hostile.  PCRE2's own match
 * limit counts anew at each position where a match could begin, so the whole search is bounded by
 * callouts instead: one before each item of the pattern, counted together.  What remains (scanning
 * without backtracking) is at most quadratic in len: callers pass pieces of REGEX_PIECE, and search
 * in helper threads only. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

enum {
	PATTERN_MAX = 2048,
	STEPS_LEAST = 1000 * 1000, /* a search may take this many … */
	STEPS_PER_BYTE = 64,       /* … and these for each byte of data */
	DEPTH_MAX = 10000,
	HEAP_MAX_KIB = 16 * 1024,
};

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint64_t steps_left;
};

static pcre2_code *compile(const char *pattern, uint32_t options, int *ret_number,
			   PCRE2_SIZE *ret_at)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;

	if (!context)
		abort();
	/* Progress bars end their lines with a bare carriage return. */
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), options, ret_number, ret_at,
			     context);
	pcre2_compile_context_free(context);
	return code;
}

static bool compile_or_say(struct regex *regex, const char *pattern, struct error *err)
{
	uint32_t options = PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
	PCRE2_UCHAR reason[160] = "";
	PCRE2_SIZE at;
	int number;

	/* Output need not be UTF-8: its malformed bytes match nothing then, and the rest works. */
	if (utf8_is_valid(pattern, strlen(pattern)))
		options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	regex->code = compile(pattern, options, &number, &at);
	if (regex->code)
		return true;
	pcre2_get_error_message(number, reason, sizeof(reason));
	return error_set(err, ERROR_INVALID, "the regular expression is wrong at byte %zu: %s",
			 (size_t)at, (const char *)reason);
}

static int count_step(pcre2_callout_block *block, void *ctx)
{
	struct regex *regex = ctx;

	(void)block;
	if (regex->steps_left == 0)
		return PCRE2_ERROR_CALLOUT;
	regex->steps_left--;
	return 0;
}

struct regex *regex_new(const char *pattern, struct error *err)
{
	auto_regex regex = mem_new(struct regex);

	if (strlen(pattern) > PATTERN_MAX) {
		error_set(err, ERROR_LIMIT, "a regular expression may have %d bytes at most",
			  PATTERN_MAX);
		return NULL;
	}
	if (!compile_or_say(regex, pattern, err))
		return NULL;
	regex->data = pcre2_match_data_create(1, NULL);
	regex->context = pcre2_match_context_create(NULL);
	if (!regex->data || !regex->context)
		abort();
	pcre2_set_callout(regex->context, count_step, regex);
	pcre2_set_depth_limit(regex->context, DEPTH_MAX);
	pcre2_set_heap_limit(regex->context, HEAP_MAX_KIB);
	return take(regex);
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->context);
	pcre2_match_data_free(regex->data);
	pcre2_code_free(regex->code);
	free(regex);
}

enum regex_result regex_search(struct regex *regex, const char *data, size_t len, bool line_start)
{
	int found;

	regex->steps_left = STEPS_LEAST + (uint64_t)STEPS_PER_BYTE * len;
	found = pcre2_match(regex->code, (PCRE2_SPTR)data, len, 0, line_start ? 0 : PCRE2_NOTBOL,
			    regex->data, regex->context);
	if (found >= 0)
		return REGEX_YES;
	/* Whatever else goes wrong here is a limit. */
	return found == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_TOO_HARD;
}
