// SPDX-License-Identifier: Apache-2.0
// A Kafka broker of its own process: librdkafka's mock cluster. Prints its address,
// then serves until its standard input ends. "down" and "up" on standard input end
// and begin its service, as a broker that crashes and comes back would.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  char why[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_t* kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (kafka == NULL) return 1;
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(kafka, 1);
  if (cluster == NULL) return 1;
  rd_kafka_mock_topic_create(cluster, argc > 1 ? argv[1] : "events", 4, 1);
  printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "down", 4) == 0) rd_kafka_mock_broker_set_down(cluster, 1);
    if (strncmp(line, "up", 2) == 0) rd_kafka_mock_broker_set_up(cluster, 1);
    printf("ok\n");
    fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(kafka);
  return 0;
}
