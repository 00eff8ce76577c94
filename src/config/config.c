/* The settings, read once, each as its row of the table says (settings.c).  An empty variable
 * counts as not set, because that is what hosting panels and Compose files leave behind. */
#include "settings.h"

#include <errno.h>
#include <string.h>
#include "buf.h"
#include "utf8.h"

_Static_assert(sizeof(enum auth_mode) == sizeof(unsigned) &&
		       sizeof(enum log_level) == sizeof(unsigned) &&
		       sizeof(enum log_format) == sizeof(unsigned),
	       "a choice is stored as an unsigned");

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
		if (config->sandbox_image && strcmp(image.name, config->sandbox_image) == 0)
			return error_set(err, ERROR_INVALID,
					 "SANDBOX_IMAGES names %s, which is what SANDBOX_IMAGE is "
					 "called already",
					 image.name);
	return true;
}

static bool read_all(struct config *config, struct error *err)
{
	for (size_t i = 0; i < settings_count; i++)
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
	for (size_t i = 0; i < settings_count; i++) {
		enum setting_kind kind = settings[i].kind;
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
	for (size_t i = 0; i < settings_count; i++) {
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
