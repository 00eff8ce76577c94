/* The settings: one table, read once.  An empty variable counts as not set, because that is what
 * hosting panels and Compose files leave behind. */
#include "internal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "buf.h"
#include "utf8.h"

enum kind {
	KIND_NUMBER, /* int64_t, with a unit and bounds */
	KIND_TEXT,   /* char *, of the form that is_formed wants */
	KIND_WORDS,  /* char *, a list of some of words */
	KIND_WORD,   /* char *, one of words */
	KIND_CHOICE, /* an enum whose names are words, in its order */
};

struct setting {
	const char *name;
	const char *also; /* read where name is not set; may be NULL */
	size_t offset;    /* of its field in struct config */
	enum kind kind;
	enum value_unit unit;
	int64_t min, max;
	bool (*is_formed)(const char *text);
	const char *words;     /* or, for a text, what it may say */
	const char *fallback;  /* NULL: depends on more than this table */
	const char *otherwise; /* what --help says instead of fallback */
	const char *others;    /* of a choice: other words for words, in their order; what is left
				  over stands for the last */
	const char *help;
	bool is_secret; /* what it says is never shown */
};

#define FIELD(field) offsetof(struct config, field)
#define NUMBER(var, field, in, least, most, otherwise, about)                                      \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_NUMBER, .unit = (in),          \
		.min = (least), .max = (most), .fallback = (otherwise), .help = (about)            \
	}
#define TEXT(var, field, form, what, value, shown, about)                                          \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_TEXT, .is_formed = (form),     \
		.words = (what), .fallback = (value), .otherwise = (shown), .help = (about)        \
	}
#define PICK(var, field, how, of, otherwise, about)                                                \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = (how), .words = (of),               \
		.fallback = (otherwise), .help = (about)                                           \
	}

#define INDEX(var, field, form, what, about)                                                       \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_TEXT, .is_formed = (form),     \
		.words = (what), .otherwise = "the image's own", .help = (about),                  \
		.is_secret = true                                                                  \
	}

#define SECOND INT64_C(1000)
#define DAY    (86400 * SECOND)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define TIB    (INT64_C(1) << 40)

_Static_assert(sizeof(enum auth_mode) == sizeof(unsigned) &&
		       sizeof(enum log_level) == sizeof(unsigned) &&
		       sizeof(enum log_format) == sizeof(unsigned),
	       "a choice is stored as an unsigned");

static const struct setting settings[] = {
	{ .name = "PORT",
	  .also = "MCP_PORT",
	  .offset = FIELD(port),
	  .kind = KIND_NUMBER,
	  .unit = UNIT_COUNT,
	  .max = 65535,
	  .fallback = "3000",
	  .help = "port to listen on; 0 picks a free one" },
	{ .name = "HOST",
	  .also = "MCP_HOST",
	  .offset = FIELD(host),
	  .kind = KIND_TEXT,
	  .is_formed = value_is_host,
	  .words = "a numeric address or localhost",
	  .fallback = "127.0.0.1",
	  .help = "address to listen on; any but loopback asks callers for a key" },
	TEXT("BASE_URL", base_url, value_is_base_url,
	     "a URL such as https://sandpod.example.org, without query", NULL,
	     "Railway's public domain, else http://localhost:PORT",
	     "where people reach this server, for the links it gives out"),
	TEXT("DATA_DIR", data_dir, NULL, "a directory", NULL,
	     "/var/lib/sandpod for root, else ~/.local/share/sandpod",
	     "the directory of everything that is kept"),
	TEXT("PODMAN_SOCKET", podman_socket, value_is_podman_socket,
	     "the path of a socket or tcp://host:port", NULL, "none",
	     "a Podman that runs already; otherwise a private one is started"),
	TEXT("SANDBOX_IMAGE", sandbox_image, NULL, "the name of an image",
	     "docker.io/library/alpine", NULL,
	     "image of the containers; builtin needs no registry"),
	TEXT("SANDBOX_IMAGES", sandbox_images, value_is_image_list,
	     "NAME=IMAGE,… with names of a-z, 0-9 and - and, for each, the name of an image or the "
	     "path of a root file system's tar",
	     NULL, "none", "further images that create_container may name"),
	TEXT("IMAGE_STORE", image_store, value_is_plain_path, "the path of a directory", NULL,
	     "none", "a storage of Podman's whose images the private Podman uses without a copy"),
	NUMBER("SANDBOX_MEMORY", sandbox_memory, UNIT_SIZE, 16 * MIB, TIB, "256m",
	       "memory of each container"),
	NUMBER("SANDBOX_CPUS", sandbox_cpu_milli, UNIT_MILLI, 10, 1024000, "0.5",
	       "processors of each container"),
	NUMBER("SANDBOX_PIDS", sandbox_pids, UNIT_COUNT, 16, 32768, "100",
	       "processes of each container"),
	NUMBER("SANDBOX_DISK", sandbox_disk, UNIT_SIZE, 0, TIB, "0",
	       "disk of each container, where the storage can bind it; 0: not bounded"),
	NUMBER("SANDBOX_TTL", sandbox_ttl_ms, UNIT_DURATION, SECOND, 30 * DAY, "2h",
	       "life of each container"),
	PICK("SANDBOX_NETWORK", sandbox_network, KIND_WORD, "auto,none,internet", "auto",
	     "network of containers; auto is internet where it can be fenced in"),
	TEXT("NETWORK_ALLOW", network_allow, value_is_reach_list,
	     "ADDRESS[/BITS][:PORT],… of IPv4 (containers have no other), such as "
	     "10.1.2.3:8080,192.168.7.0/24, and no wider than /8",
	     NULL, "none", "what is not public, or this machine's, and containers may reach"),
	PICK("SANDBOX_LINK", sandbox_link, KIND_WORD, "auto,exec", "auto",
	     "how commands reach a container; auto is a socket where Podman is on this machine"),
	NUMBER("COMMAND_WAIT", command_wait_ms, UNIT_DURATION, 0, 45 * SECOND, "3s",
	       "how long a call waits before it hands back a running command"),
	NUMBER("COMMAND_TIMEOUT", command_timeout_ms, UNIT_DURATION, SECOND, 30 * DAY, "1h",
	       "when a command is killed"),
	NUMBER("OUTPUT_LIMIT", output_limit, UNIT_SIZE, KIB, 4 * MIB, "16k",
	       "bytes of each stream inside a result"),
	NUMBER("OUTPUT_SPOOL", output_spool, UNIT_SIZE, 64 * KIB, TIB, "64m",
	       "bytes of each stream that stay readable"),
	NUMBER("UPLOAD_LIMIT", upload_limit, UNIT_SIZE, KIB, TIB, "10g",
	       "bytes of a file that is uploaded into a container, at most"),
	INDEX("PIP_INDEX", pip_index, value_is_url, "a URL",
	      "index that install_packages gives to pip"),
	INDEX("NPM_REGISTRY", npm_registry, value_is_url, "a URL",
	      "registry that install_packages gives to npm"),
	INDEX("APK_MIRROR", apk_mirror, value_is_url, "a URL with the folders v3.22, edge …",
	      "mirror that install_packages gives to apk"),
	INDEX("APT_MIRROR", apt_mirror, value_is_apt_source,
	      "a URL, or a line that begins with deb", "source that install_packages gives to apt"),
	NUMBER("MAX_CONTAINERS", max_containers, UNIT_COUNT, 1, 10000, "100",
	       "containers that may live at once"),
	NUMBER("POOL_SIZE", pool_size, UNIT_COUNT, 0, 1000, "4",
	       "containers kept ready when it is quiet; 0: each is made when it is asked for"),
	TEXT("WEB_ALLOWED_DOMAINS", web_domains, value_is_domain_list,
	     "*, or DOMAIN,… such as example.org,*.example.com (the first with all below it, the "
	     "second without itself)",
	     "*", NULL, "what the web tools may visit; private addresses only by NETWORK_ALLOW"),
	NUMBER("WEB_TIMEOUT_DEFAULT", web_timeout_ms, UNIT_SECONDS, SECOND, 40 * SECOND, "30s",
	       "when a page or search is given up"),
	NUMBER("WEB_SIZE", web_size, UNIT_SIZE, 64 * KIB, TIB, "32m",
	       "bytes that a page may load, at most"),
	NUMBER("WEB_MEMORY", web_memory, UNIT_SIZE, 64 * MIB, TIB, "1g",
	       "memory of a container for the web, where Chromium runs"),
	NUMBER("WEB_CPUS", web_cpu_milli, UNIT_MILLI, 10, 1024000, "1",
	       "processors of a container for the web"),
	NUMBER("WEB_PIDS", web_pids, UNIT_COUNT, 16, 32768, "400",
	       "processes and threads of a container for the web"),
	PICK("WEB_SEARCH", web_search, KIND_WORD, "none,searxng,brave,duckduckgo", "none",
	     "who answers web_search"),
	TEXT("SEARXNG_URL", searxng_url, value_is_url, "a URL", NULL, "none",
	     "the SearXNG of WEB_SEARCH=searxng; on a private address it needs NETWORK_ALLOW"),
	{ .name = "BRAVE_API_KEY",
	  .offset = FIELD(brave_api_key),
	  .kind = KIND_TEXT,
	  .is_formed = value_is_token,
	  .words = "letters, digits, - and _",
	  .otherwise = "none",
	  .help = "the key for WEB_SEARCH=brave",
	  .is_secret = true },
	PICK("SANDPOD_TOOLS", tool_sets, KIND_WORDS,
	     "containers,commands,code,files,web,compat-container-mcp,compat-code-sandbox",
	     "containers,commands,code,files",
	     "which sets of tools are offered; web needs an image of that name in SANDBOX_IMAGES, "
	     "and is offered by itself where there is one"),
	TEXT("BASH_ALLOWED_COMMANDS", bash_allowed_commands, NULL, "names separated by commas",
	     NULL, "all", "compat-container-mcp: what system_run_command may run"),
	NUMBER("BASH_TIMEOUT_DEFAULT", bash_timeout_default_ms, UNIT_SECONDS, SECOND, DAY, "30s",
	       "compat-container-mcp: how long a command may take"),
	NUMBER("BASH_TIMEOUT_MAX", bash_timeout_max_ms, UNIT_SECONDS, SECOND, DAY, "120s",
	       "compat-container-mcp: the most that BASH_TIMEOUT_DEFAULT can give"),
	NUMBER("PYTHON_MEMORY_LIMIT", python_memory_limit_mb, UNIT_COUNT, 16, 1048576, "256",
	       "compat-container-mcp: MiB of memory of the sandbox, up to SANDBOX_MEMORY"),
	NUMBER("PYTHON_TIMEOUT_DEFAULT", python_timeout_default_ms, UNIT_SECONDS, SECOND, DAY,
	       "30s", "compat-container-mcp: how long Python code may take"),
	NUMBER("PYTHON_TIMEOUT_MAX", python_timeout_max_ms, UNIT_SECONDS, SECOND, DAY, "120s",
	       "compat-container-mcp: the most that PYTHON_TIMEOUT_DEFAULT can give"),
	NUMBER("FILE_MAX_SIZE_MB", file_max_size_mb, UNIT_COUNT, 1, 1024, "10",
	       "compat-container-mcp: MiB of a file that is read or written"),
	TEXT("FILE_ALLOWED_EXTENSIONS", file_allowed_extensions, NULL,
	     "extensions separated by commas, or *", "txt,md,csv,json,py", NULL,
	     "compat-container-mcp: which files are read and written"),
	PICK("AUTH", auth, KIND_CHOICE, "auto,none,key", "auto",
	     "whether callers need a key; auto: on every address but loopback"),
	{ .name = "ALLOW_UNENFORCED",
	  .offset = FIELD(allow_unenforced),
	  .kind = KIND_WORDS,
	  .words = CONFIG_WALLS,
	  .fallback = "",
	  .otherwise = "none",
	  .help = "limits that may be missing on this machine (see sandpod doctor)" },
	{ .name = "LOG_LEVEL",
	  .offset = FIELD(log_level),
	  .kind = KIND_CHOICE,
	  .words = "debug,info,warn,error",
	  .others = "DEBUG,INFO,WARNING,ERROR,CRITICAL",
	  .fallback = "info",
	  .help = "the least important lines that are logged" },
	PICK("LOG_FORMAT", log_format, KIND_CHOICE, "text,json", "text", "how a log line looks"),
};

enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]) };

static void *field_of(struct config *config, const struct setting *setting)
{
	return (char *)config + setting->offset;
}

/* The value of a variable; NULL if it is not set or empty. */
static const char *read_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* What the setting may say, for sentences. */
static void add_allowed(struct buf *text, const struct setting *setting)
{
	static const char *const forms[] = {
		[UNIT_COUNT] = "a whole number",
		[UNIT_SIZE] = "a size such as 64k, 256m or 1g",
		[UNIT_DURATION] = "a duration such as 500ms, 3s, 90m or 2h",
		[UNIT_SECONDS] =
			"a number of seconds such as 30, or a duration such as 500ms or 2m",
		[UNIT_MILLI] = "a number such as 0.5 or 2",
	};
	char least[VALUE_TEXT_SIZE], most[VALUE_TEXT_SIZE];

	switch (setting->kind) {
	case KIND_NUMBER:
		value_format(setting->unit, setting->min, least);
		value_format(setting->unit, setting->max, most);
		buf_addf(text, "%s from %s to %s", forms[setting->unit], least, most);
		return;
	case KIND_TEXT:
		buf_add_text(text, setting->words);
		return;
	case KIND_WORDS:
		buf_addf(text, "one or more of %s", setting->words);
		return;
	case KIND_WORD:
	case KIND_CHOICE:
		buf_addf(text, "one of %s", setting->words);
		return;
	}
}

static bool refuse(const struct setting *setting, const char *name, const char *value,
		   struct error *err)
{
	auto_buf allowed = BUF_INIT(512);

	add_allowed(&allowed, setting);
	if (setting->is_secret)
		return error_set(err, ERROR_INVALID,
				 "%s is not of the right form; it must be %s (what it says is not "
				 "shown here, because it may hold a password)",
				 name, buf_text(&allowed));
	return error_set(err, ERROR_INVALID, "%s is \"%.100s\"; it must be %s", name, value,
			 buf_text(&allowed));
}

/* The place of word in the list; -1 if it is not there. */
static int place_in(const char *list, const char *word, size_t len)
{
	for (int place = 0; *list; place++) {
		size_t here = strcspn(list, ",");

		if (here == len && memcmp(list, word, len) == 0)
			return place;
		list += here + (list[here] == ',');
	}
	return -1;
}

static bool are_all_in(const char *list, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, ",");

		if (place_in(list, words, len) < 0)
			return false;
		if (!words[len])
			return true;
		words += len + 1;
		if (!*words)
			return false; /* a comma at the end */
	}
	return true; /* a default of nothing */
}

static bool read_number(const struct setting *setting, const char *value, int64_t *field)
{
	int64_t number;

	if (!value_parse(setting->unit, value, &number) || number < setting->min ||
	    number > setting->max)
		return false;
	*field = number;
	return true;
}

static int place_of_choice(const struct setting *setting, const char *value)
{
	int place = place_in(setting->words, value, strlen(value));
	int last = 0;

	if (place >= 0 || !setting->others)
		return place;
	for (const char *c = setting->words; *c; c++)
		last += *c == ',';
	place = place_in(setting->others, value, strlen(value));
	return place < last ? place : last;
}

static bool is_line(const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return utf8_is_valid(value, strlen(value));
}

/* Puts value into the setting's field; false if it is not allowed there. */
static bool store(const struct setting *setting, const char *value, struct config *config)
{
	void *field = field_of(config, setting);
	int place = setting->words ? place_of_choice(setting, value) : -1;
	bool fits = false;

	switch (setting->kind) {
	case KIND_NUMBER:
		return read_number(setting, value, field);
	case KIND_CHOICE:
		if (place >= 0)
			*(unsigned *)field = (unsigned)place;
		return place >= 0;
	case KIND_TEXT:
		fits = is_line(value) && (!setting->is_formed || setting->is_formed(value));
		break;
	case KIND_WORDS:
		fits = are_all_in(setting->words, value);
		break;
	case KIND_WORD:
		fits = place >= 0;
		break;
	}
	if (fits)
		*(char **)field = mem_strdup(value);
	return fits;
}

static bool read_setting(const struct setting *setting, struct config *config, struct error *err)
{
	const char *name = setting->name;
	const char *value = read_env(name);

	if (!value && setting->also) {
		name = setting->also;
		value = read_env(name);
	}
	if (!value)
		value = setting->fallback;
	return !value || store(setting, value, config) || refuse(setting, name, value, err);
}

/* --- what a fixed default cannot say ---------------------------------------------------- */

static bool finish_base_url(struct config *config, struct error *err)
{
	const char *domain = read_env("RAILWAY_PUBLIC_DOMAIN");

	if (!config->base_url && domain) {
		config->base_url = mem_format("https://%s", domain);
		if (!value_is_base_url(config->base_url))
			return error_set(err, ERROR_INVALID,
					 "RAILWAY_PUBLIC_DOMAIN is \"%.100s\"; it must be a domain",
					 domain);
	}
	if (!config->base_url)
		return true;
	for (size_t len = strlen(config->base_url); config->base_url[len - 1] == '/'; len--)
		config->base_url[len - 1] = '\0';
	return true;
}

/* Where the XDG base directories put it, for root where the system keeps such things. */
static char *default_data_dir(void)
{
	const char *data = read_env("XDG_DATA_HOME");
	const char *home = read_env("HOME");

	if (geteuid() == 0)
		return mem_strdup("/var/lib/sandpod");
	if (data && *data == '/')
		return mem_format("%s/sandpod", data);
	return home ? mem_format("%s/.local/share/sandpod", home) : NULL;
}

static bool finish_data_dir(struct config *config, struct error *err)
{
	auto_str here = NULL;
	auto_str relative = NULL;

	if (!config->data_dir)
		config->data_dir = default_data_dir();
	if (!config->data_dir)
		return error_set(err, ERROR_INVALID,
				 "DATA_DIR is not set, and without HOME there is no default");
	if (*config->data_dir == '/')
		return true;
	here = getcwd(NULL, 0);
	if (!here)
		return error_set_errno(err, ERROR_INVALID, errno,
				       "DATA_DIR is \"%.100s\", relative to a directory that "
				       "cannot be found",
				       config->data_dir);
	relative = take(config->data_dir);
	config->data_dir = mem_format("%s/%s", strcmp(here, "/") == 0 ? "" : here, relative);
	return true;
}

static bool check_images(const struct config *config, struct error *err)
{
	const char *list = config->sandbox_images;
	struct config_image image;

	if (config->image_store && config->podman_socket)
		return error_set(err, ERROR_INVALID,
				 "IMAGE_STORE is for the private Podman; the one that "
				 "PODMAN_SOCKET names has a configuration of its own");
	while (config_image_next(&list, &image))
		if (strcmp(image.name, config->sandbox_image) == 0)
			return error_set(err, ERROR_INVALID,
					 "SANDBOX_IMAGES names %s, which is what SANDBOX_IMAGE is "
					 "called already",
					 image.name);
	return true;
}

static bool read_all(struct config *config, struct error *err)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!read_setting(&settings[i], config, err))
			return false;
	config->sandbox_image_is_default = !read_env("SANDBOX_IMAGE");
	return finish_base_url(config, err) && finish_data_dir(config, err) &&
	       check_images(config, err) &&
	       web_finish(config, read_env("SANDPOD_TOOLS") == NULL, err);
}

bool config_read(struct config *ret_config, struct error *err)
{
	struct config config = { 0 };

	if (!read_all(&config, err)) {
		config_release(&config);
		return false;
	}
	*ret_config = config;
	return true;
}

void config_release(struct config *config)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		enum kind kind = settings[i].kind;
		char **text = field_of(config, &settings[i]);

		if (kind == KIND_NUMBER || kind == KIND_CHOICE)
			continue;
		free(*text);
		*text = NULL;
	}
}

void config_print_help(FILE *out)
{
	fputs("Settings (environment variables):\n\n", out);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		auto_buf allowed = BUF_INIT(512);
		const struct setting *setting = &settings[i];

		add_allowed(&allowed, setting);
		fprintf(out, "  %-23s %s%s%s%s\n  %23s %s; default: %s\n", setting->name,
			setting->help, setting->also ? " (also " : "",
			setting->also ? setting->also : "", setting->also ? ")" : "", "",
			buf_text(&allowed),
			setting->otherwise ? setting->otherwise : setting->fallback);
	}
}

bool config_list_has(const char *list, const char *word)
{
	return list && place_in(list, word, strlen(word)) >= 0;
}
