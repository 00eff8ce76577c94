/* The resources and prompts. */
#include <string.h>
#include "fixture.h"

static void read_text(struct call *call, const struct json *args)
{
	(void)args;
	call_add_contents(call, call_uri(call), "text/plain",
			  "This is the content of the static text resource.", NULL);
	call_end(call);
}

static void read_binary(struct call *call, const struct json *args)
{
	(void)args;
	call_add_contents(call, call_uri(call), "image/png", NULL, PNG);
	call_end(call);
}

static void read_template(struct call *call, const struct json *args)
{
	auto_str text = mem_format("{\"id\": \"%s\"}", json_get_text(args, "id"));

	call_add_contents(call, call_uri(call), "application/json", text, NULL);
	call_end(call);
}

static const struct resource text_resource = { .uri = "test://static-text",
					       .name = "Static text",
					       .description = "A text",
					       .media_type = "text/plain",
					       .read = read_text };
static const struct resource binary_resource = { .uri = "test://static-binary",
						 .name = "Static binary",
						 .description = "A picture",
						 .media_type = "image/png",
						 .read = read_binary };
static const struct resource watched_resource = { .uri = "test://watched-resource",
						  .name = "Watched",
						  .description = "A text that is subscribed to",
						  .media_type = "text/plain",
						  .changes = true,
						  .read = read_text };
const struct resource *const fixture_resources[] = { &text_resource, &binary_resource,
						     &watched_resource, NULL };

static const struct resource_template data_template = {
	.uri_template = "test://template/{id}/data",
	.name = "Data by id",
	.description = "A resource for each id",
	.media_type = "application/json",
	.read = read_template,
};
const struct resource_template *const fixture_templates[] = { &data_template, NULL };

/* --- prompts --- */

static void end_with(struct call *call, struct json *block)
{
	call_add_message(call, "user", block);
	call_end(call);
}

static void simple(struct call *call, const struct json *args)
{
	(void)args;
	end_with(call, text_json("This is a simple prompt for testing."));
}

static void with_arguments(struct call *call, const struct json *args)
{
	auto_str text = mem_format("Prompt with arguments: arg1='%s', arg2='%s'",
				   json_get_text(args, "arg1"), json_get_text(args, "arg2"));

	end_with(call, text_json(text));
}

static void suggest(struct call *call, const struct json *args)
{
	static const char *const values[] = { "paris", "park", "party" };
	const char *front = json_get_text(args, "value");

	for (size_t i = 0; i < 3; i++)
		if (strncmp(values[i], front, strlen(front)) == 0)
			call_add_value(call, values[i]);
	call_end(call);
}

static void with_resource(struct call *call, const struct json *args)
{
	call_add_message(call, "user",
			 resource_json(json_get_text(args, "resourceUri"),
				       "Embedded resource content for testing."));
	end_with(call, text_json("Please process the embedded resource above."));
}

static void with_image(struct call *call, const struct json *args)
{
	(void)args;
	call_add_message(call, "user", image_json());
	end_with(call, text_json("Please analyze the image above."));
}

static const struct prompt_argument two[] = { { "arg1", "First", true },
					      { "arg2", "Second", true },
					      { NULL, NULL, false } };
static const struct prompt_argument uri[] = { { "resourceUri", "What to embed", true },
					      { NULL, NULL, false } };
static const struct prompt simple_prompt = { .name = "test_simple_prompt",
					     .description = "Without arguments",
					     .run = simple };
static const struct prompt arguments_prompt = { .name = "test_prompt_with_arguments",
						.description = "With two arguments",
						.arguments = two,
						.run = with_arguments,
						.complete = suggest };
static const struct prompt resource_prompt = { .name = "test_prompt_with_embedded_resource",
					       .description = "With a resource",
					       .arguments = uri,
					       .run = with_resource };
static const struct prompt image_prompt = { .name = "test_prompt_with_image",
					    .description = "With a picture",
					    .run = with_image };
const struct prompt *const fixture_prompts[] = { &simple_prompt,   &arguments_prompt,
						 &resource_prompt, &image_prompt,
						 &prompt_asking,   NULL };
