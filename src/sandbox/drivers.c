/* The languages that code can be in: for each the program that its interpreter needs, the command
 * line that begins it, and the source of our driver for it, which is compiled in (drivers.inc is
 * made from src/drivers). */
#include <string.h>
#include "drivers.inc"
#include "internal.h"

static const struct driver drivers[] = {
	{
		.language = "python",
		.program = "python3",
		.command = "exec python3 -u -c 'import os; exec(compile("
			   "os.environ.pop(\"SANDPOD_DRIVER\"), \"<sandpod>\", \"exec\"))'",
		.source = driver_python_py,
	},
	{
		.language = "javascript",
		.program = "node",
		/* --expose-internals: Node's own parser is one of its internals. */
		.command = "exec node --expose-internals -e 'require(\"vm\").runInThisContext("
			   "process.env.SANDPOD_DRIVER, { filename: \"<sandpod>\" })"
			   "(require, (name, how) => import(name, how))'",
		.source = driver_javascript_js,
	},
	{
		.language = "sh",
		.command = "eval \"$SANDPOD_DRIVER\"",
		.source = driver_sh_sh,
	},
	{
		.language = "web",
		.program = "node",
		.command = "exec node /usr/lib/sandpod/web/driver.js",
		.source = "",
	},
	{ .language = NULL },
};

const struct driver *driver_find(const struct sandboxes *all, const char *language,
				 struct error *err)
{
	const struct driver *table = all->drivers ? all->drivers : drivers;
	auto_buf known = BUF_INIT(512);

	for (const struct driver *driver = table; driver->language; driver++) {
		if (strcmp(driver->language, language) == 0)
			return driver;
		buf_addf(&known, "%s%s", driver == table ? "" : ", ", driver->language);
	}
	error_set(err, ERROR_INVALID,
		  "language: there is no \"%.60s\", only %s; execute_command runs any program",
		  language, buf_text(&known));
	return NULL;
}
