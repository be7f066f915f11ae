/* Enhanced authentication for the tests' mosquitto (plugin API 5): the methods "riddle" and "token".
 *
 * riddle   CONNECT or AUTH 0x19 -> "riddle" -> "elddir" -> accepted, with the proof "solved"
 * token    "good" with CONNECT or AUTH 0x19 -> accepted, without a proof
 */
#include <stdint.h>
#include <string.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

static mosquitto_plugin_id_t *self;

static int is(const void *data, uint16_t size, const char *text)
{
	return data != NULL && size == strlen(text) && memcmp(data, text, size) == 0;
}

static int say(struct mosquitto_evt_extended_auth *event, const char *text)
{
	event->data_out = mosquitto_strdup(text);
	event->data_out_len = (uint16_t)strlen(text);
	return event->data_out == NULL ? MOSQ_ERR_NOMEM : MOSQ_ERR_SUCCESS;
}

static int start(int kind, void *data, void *user)
{
	struct mosquitto_evt_extended_auth *event = data;
	(void)kind;
	(void)user;
	if (strcmp(event->auth_method, "token") == 0) {
		return is(event->data_in, event->data_in_len, "good") ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
	}
	if (strcmp(event->auth_method, "riddle") != 0) {
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	return say(event, "riddle") == MOSQ_ERR_SUCCESS ? MOSQ_ERR_AUTH_CONTINUE : MOSQ_ERR_NOMEM;
}

static int go_on(int kind, void *data, void *user)
{
	struct mosquitto_evt_extended_auth *event = data;
	(void)kind;
	(void)user;
	return is(event->data_in, event->data_in_len, "elddir") ? say(event, "solved") : MOSQ_ERR_AUTH;
}

int mosquitto_plugin_version(int count, const int *versions)
{
	for (int at = 0; at < count; at++) {
		if (versions[at] == 5) {
			return 5;
		}
	}
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **user, struct mosquitto_opt *options, int count)
{
	(void)user;
	(void)options;
	(void)count;
	self = id;
	int failed = mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_START, start, NULL, NULL);
	return failed ? failed : mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_CONTINUE, go_on, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user, struct mosquitto_opt *options, int count)
{
	(void)user;
	(void)options;
	(void)count;
	mosquitto_callback_unregister(self, MOSQ_EVT_EXT_AUTH_START, start, NULL);
	return mosquitto_callback_unregister(self, MOSQ_EVT_EXT_AUTH_CONTINUE, go_on, NULL);
}
