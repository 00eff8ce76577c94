/* What kind of file this is.  Its first bytes decide where a format has a mark of its own, because
 * a name can be wrong and a browser is told our answer (with nosniff); the name decides between
 * kinds of text. */
#include "preview.h"
#include <string.h>
#include <strings.h>

static const struct media medias[] = {
	{ "png", "image/png", "PNG picture", PREVIEW_PICTURE, true },
	{ "jpeg", "image/jpeg", "JPEG picture", PREVIEW_PICTURE, true },
	{ "gif", "image/gif", "GIF picture", PREVIEW_PICTURE, true },
	{ "webp", "image/webp", "WebP picture", PREVIEW_PICTURE, true },
	{ "avif", "image/avif", "AVIF picture", PREVIEW_PICTURE, true },
	{ "bmp", "image/bmp", "BMP picture", PREVIEW_PICTURE, true },
	{ "ico", "image/x-icon", "icon", PREVIEW_PICTURE, true },
	{ "svg", "image/svg+xml", "SVG picture", PREVIEW_PICTURE, false },
	{ "mp4", "video/mp4", "MP4 video", PREVIEW_VIDEO, true },
	{ "webm", "video/webm", "WebM video", PREVIEW_VIDEO, true },
	{ "mkv", "video/x-matroska", "Matroska video", PREVIEW_VIDEO, true },
	{ "ogv", "video/ogg", "Ogg video", PREVIEW_VIDEO, true },
	{ "m4a", "audio/mp4", "MPEG-4 sound", PREVIEW_AUDIO, true },
	{ "ogg", "audio/ogg", "Ogg sound", PREVIEW_AUDIO, true },
	{ "mp3", "audio/mpeg", "MP3 sound", PREVIEW_AUDIO, true },
	{ "aac", "audio/aac", "AAC sound", PREVIEW_AUDIO, true },
	{ "wav", "audio/wav", "WAV sound", PREVIEW_AUDIO, true },
	{ "flac", "audio/flac", "FLAC sound", PREVIEW_AUDIO, true },
	{ "pdf", "application/pdf", "PDF document", PREVIEW_PDF, false },
};

const struct media *media_find(const char *word)
{
	for (size_t i = 0; i < sizeof(medias) / sizeof(medias[0]); i++)
		if (strcmp(medias[i].word, word) == 0)
			return &medias[i];
	return NULL;
}

/* --- marks -------------------------------------------------------------------------------- */

struct mark {
	size_t at;
	const char *bytes;
	size_t len;
	const char *word; /* of a media; NULL: only known by the label */
	const char *label;
};
#define MARK(at, bytes, word, label)                                                               \
	{                                                                                          \
		(at), (bytes), sizeof(bytes) - 1, (word), (label)                                  \
	}

/* The first that fits counts. */
static const struct mark marks[] = {
	MARK(0, "\x89PNG\r\n\x1a\n", "png", NULL),
	MARK(0, "\xff\xd8\xff", "jpeg", NULL),
	MARK(0, "GIF87a", "gif", NULL),
	MARK(0, "GIF89a", "gif", NULL),
	MARK(8, "WEBPVP8", "webp", NULL),
	MARK(4, "ftypavif", "avif", NULL),
	MARK(4, "ftypavis", "avif", NULL),
	MARK(4, "ftypheic", NULL, "HEIC picture"),
	MARK(4, "ftypM4A", "m4a", NULL),
	MARK(4, "ftyp", "mp4", NULL),
	MARK(0, "\x1a\x45\xdf\xa3", "webm", NULL),
	MARK(0, "OggS", "ogg", NULL),
	MARK(8, "WAVEfmt ", "wav", NULL),
	MARK(0, "fLaC", "flac", NULL),
	MARK(0, "ID3", "mp3", NULL),
	MARK(0, "%PDF-", "pdf", NULL),
	MARK(0, "PK\x03\x04", NULL, "ZIP archive"),
	MARK(0, "\x1f\x8b", NULL, "gzip archive"),
	MARK(0, "BZh", NULL, "bzip2 archive"),
	MARK(0,
	     "\xfd"
	     "7zXZ",
	     NULL, "xz archive"),
	MARK(0, "\x28\xb5\x2f\xfd", NULL, "Zstandard archive"),
	MARK(0, "7z\xbc\xaf\x27\x1c", NULL, "7z archive"),
	MARK(257, "ustar", NULL, "tar archive"),
	MARK(0, "SQLite format 3", NULL, "SQLite database"),
	MARK(0,
	     "\x7f"
	     "ELF",
	     NULL, "program"),
	MARK(0, "\0asm", NULL, "WebAssembly module"),
	MARK(0, "II*\0", NULL, "TIFF picture"),
	MARK(0, "MM\0*", NULL, "TIFF picture"),
};

static const struct mark *find_mark(const char *data, size_t len)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (len >= marks[i].at + marks[i].len &&
		    memcmp(data + marks[i].at, marks[i].bytes, marks[i].len) == 0)
			return &marks[i];
	return NULL;
}

static bool has_ending(const char *name, const char *ending)
{
	const char *dot = strrchr(name, '.');

	return dot && strcasecmp(dot + 1, ending) == 0;
}

static bool holds(const char *data, size_t len, const char *part)
{
	return memmem(data, len < 4096 ? len : 4096, part, strlen(part)) != NULL;
}

/* Formats whose marks are too weak without a name, and those that share one. */
static const char *word_of(const struct mark *mark, const char *name, const char *data, size_t len)
{
	unsigned char second = len > 1 ? (unsigned char)data[1] : 0;

	if (mark && mark->word && strcmp(mark->word, "webm") == 0)
		return holds(data, len, "matroska") ? "mkv" : "webm";
	if (mark && mark->word && strcmp(mark->word, "ogg") == 0)
		return holds(data, len, "theora") ? "ogv" : "ogg";
	if (mark)
		return mark->word;
	if (len > 30 && memcmp(data, "BM", 2) == 0 && has_ending(name, "bmp"))
		return "bmp";
	if (len > 6 && memcmp(data, "\0\0\1\0", 4) == 0 && has_ending(name, "ico"))
		return "ico";
	if (len > 4 && (unsigned char)data[0] == 0xff && (second & 0xe0) == 0xe0)
		return has_ending(name, "mp3") ? "mp3" : has_ending(name, "aac") ? "aac" : NULL;
	return NULL;
}

/* --- text --------------------------------------------------------------------------------- */

static bool is_svg(const char *name, const char *data, size_t len)
{
	return holds(data, len, "<svg") &&
	       (has_ending(name, "svg") || (len > 4 && memcmp(data, "<svg", 4) == 0));
}

static void choose_text(const char *name, const char *data, size_t len,
			struct preview_choice *choice)
{
	choice->kind = PREVIEW_TEXT;
	choice->label = "text";
	if (is_svg(name, data, len)) {
		choice->media = media_find("svg");
	} else if (has_ending(name, "md") || has_ending(name, "markdown")) {
		choice->kind = PREVIEW_MARKDOWN;
		choice->label = "Markdown";
	} else if (has_ending(name, "csv") || has_ending(name, "tsv")) {
		choice->kind = PREVIEW_TABLE;
		choice->label = has_ending(name, "csv") ? "CSV table" : "TSV table";
	} else {
		choice->language = language_of_file(name, data, len);
	}
	if (choice->language) {
		choice->kind = PREVIEW_CODE;
		choice->label = choice->language->label;
	}
}

void preview_choose(const char *name, const void *data, size_t len,
		    struct preview_choice *ret_choice)
{
	struct preview_choice choice = { .kind = PREVIEW_BYTES, .label = "binary data" };
	const struct mark *mark = find_mark(data, len);
	const char *word = word_of(mark, name, data, len);

	if (len == 0) {
		choice.kind = PREVIEW_EMPTY;
		choice.label = "empty file";
	} else if (word) {
		choice.media = media_find(word);
	} else if (mark) {
		choice.label = mark->label;
	} else {
		choice.coding = text_guess(data, len);
		if (choice.coding != TEXT_NONE)
			choose_text(name, data, len, &choice);
	}
	if (choice.media) {
		choice.kind = choice.media->kind;
		choice.label = choice.media->label;
	}
	*ret_choice = choice;
}
