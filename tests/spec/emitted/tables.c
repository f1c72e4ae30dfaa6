/* Prints every table of machines and records as numbers and names, for test_emit_machines.py to compare with the model. */
#include <stdio.h>

#include "fpl_limits.h"
#include "fpl_machines.h"
#include "fpl_records.h"

static void print_keys(const char *what, fpl_keys keys)
{
    printf(" %s %u %u", what, keys.read, keys.write);
}

static void print_outcome(const fpl_outcome *o)
{
    printf("    outcome line %u ref %s block %u ends %d transcript %u", o->line, o->ref, o->extensions, o->ends_record, o->transcript);
    print_keys("keys", o->keys);
    print_keys("drop", o->drop_keys);
    printf(" send %u ack %d notify %d report %u move %u %u alert %d ending %u\n", o->send, o->ack_now, o->notify, o->report,
           o->move, o->next, o->alert, o->ending);
    for (size_t i = 0; i < o->num_settles; i++) {
        printf("      settles %s %x\n", o->settles[i].classifier->name, o->settles[i].allowed);
    }
    for (size_t i = 0; i < o->num_require; i++) {
        printf("      require %s %u %s\n", o->require[i].name, o->require[i].alert, o->require[i].ref);
    }
    for (size_t i = 0; i < o->num_actions; i++) {
        printf("      do %s\n", o->actions[i].name);
    }
    for (size_t i = 0; i < o->num_timers; i++) {
        printf("      timer %u %u\n", o->timers[i].timer, o->timers[i].what);
    }
}

static void print_rows(const fpl_row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const fpl_row *row = &rows[i];
        printf("  row line %u kind %u epoch %u any %d", row->line, row->event.kind, row->event.epoch, row->event.seq_any);
        if (row->select == NULL) {
            printf("\n");
            print_outcome(&row->outcomes[0]);
            continue;
        }
        printf(" select %s\n", row->select->name);
        for (size_t j = 1; j <= row->select->num_outcomes; j++) {
            print_outcome(&row->outcomes[j]);
        }
    }
}

static void print_flight(size_t id, const fpl_flight_spec *flight)
{
    printf("flight %zu %s line %u extends %x numbers %d resend %u done %u give up %u\n", id, flight->name, flight->line,
           flight->extends, flight->numbers_of_request, flight->resend, flight->done_when, flight->on_give_up);
    for (size_t i = 0; i < flight->num_lines; i++) {
        const fpl_flight_line *line = &flight->lines[i];
        printf("  line %s epoch %u transcript %u", line->build != NULL && line->message != 0 ? "message" : "record", line->epoch,
               line->transcript);
        print_keys("keys", line->keys);
        for (size_t j = 0; j < line->num_when; j++) {
            printf(" when %s %x", line->when[j].classifier->name, line->when[j].allowed);
        }
        for (size_t j = 0; j < line->num_then; j++) {
            printf(" then %s", line->then[j].name);
        }
        printf("\n");
    }
}

static void print_machine(unsigned id, const fpl_machine *m)
{
    printf("machine %u %s %s %s version %u role %u per %u initial %u discards %d holds %d alert %d\n", id, m->name, m->file,
           m->ref, m->version, m->role, m->one_per, m->initial, m->discards_unlisted, m->holds_early_ccs, m->unlisted_alert);
    for (size_t i = 0; i < m->num_flights; i++) {
        print_flight(i, &m->flights[i]);
    }
    print_rows(m->any_rows, m->num_any_rows);
    for (size_t i = 1; i <= m->num_states; i++) {
        const fpl_state *s = &m->states[i];
        printf("state %zu %s epochs %04x immediate %d waits %d writes %d final %d data %u hand %u %u\n", i, s->name,
               s->message_epochs, s->immediate, s->waits, s->writes, s->final, s->application_data, s->hand_to_machine,
               s->hand_to_state);
        print_rows(s->rows, s->num_rows);
    }
    for (size_t i = 0; i < m->num_runs_in; i++) {
        printf("runs in %u %016llx\n", m->runs_in[i].machine, (unsigned long long)m->runs_in[i].states);
    }
}

static void print_records(const char *version, const fpl_record_table *table)
{
    static const char *const contents[] = {"", "change_cipher_spec", "alert", "handshake", "application_data", "ack", "unknown"};
    static const char *const epochs[] = {"", "zero", "handshake", "readable", "older", "next", "other"};
    static const char *const phases[] = {"", "plain", "keyed", "connected"};
    for (size_t c = 1; c < FPL_NUM_CONTENTS; c++) {
        for (size_t e = 1; e < FPL_NUM_EPOCH_CLASSES; e++) {
            for (size_t p = 1; p < FPL_NUM_PHASES; p++) {
                const fpl_record_row *row = &(*table)[c][e][p];
                if (row->fate != FPL_RECORD_NONE) {
                    printf("%s %s %s %s: %u line %u\n", version, contents[c], epochs[e], phases[p], row->fate, row->line);
                }
            }
        }
    }
}

int main(void)
{
    for (unsigned id = 1; id < FPL_NUM_MACHINES; id++) {
        print_machine(id, fpl_machines[id]);
    }
    print_records("dtls12", &fpl_records_dtls12);
    print_records("dtls13", &fpl_records_dtls13);
    return 0;
}
