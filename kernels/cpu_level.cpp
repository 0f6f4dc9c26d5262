// Part of libduel_cpu: tells the CPU backend which of its builds the loader chose.
namespace duel {
extern "C" void duel_set_cpu_level(const char* name);
static const int told = (duel_set_cpu_level(DUEL_CPU_LEVEL), 0);
}  // namespace duel
