/* The frame of every page that a person is shown: no script, nothing fetched from anywhere, one
 * style sheet inside, which the policy names by its digest.  Light or dark as the person's system
 * is. */
#include <string.h>
#include "digest.h"
#include "html.h"
#include "base64.h"

/* style.css, compiled in. */
static const char style[] = {
#include "style.inc"
	, '\0'
};

void page_begin(struct html *html, const char *title)
{
	html_raw(html, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		       "<meta name=\"robots\" content=\"noindex\">\n<title>");
	html_attribute(html, title, strlen(title));
	html_raw(html, "</title>\n<style>");
	html_raw(html, style);
	html_raw(html, "</style>\n</head>\n<body>\n");
}

void page_end(struct html *html)
{
	html_raw(html, "</body>\n</html>\n");
}

/* The digest comes as hexadecimal, and a policy wants base 64. */
char *page_style_source(void)
{
	auto_buf value = BUF_INIT(256);
	char hex[DIGEST_TEXT_SIZE];
	unsigned char bytes[32];

	digest_text("", style, hex);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1] };

		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	(void)(buf_add_text(&value, "style-src 'sha256-") &&
	       base64_encode(bytes, sizeof(bytes), &value) && buf_add_text(&value, "'"));
	return buf_take(&value);
}
