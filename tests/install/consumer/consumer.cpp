// The same headers from C++17: owning handles in three lines, errors as values.
#include <pdmetrics.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <vector>

namespace {

struct Release {
    void operator()(pdm_state *state) const { pdm_state_free(state); }
    void operator()(pdm_result *result) const { pdm_result_free(result); }
};

using State = std::unique_ptr<pdm_state, Release>;
using Result = std::unique_ptr<pdm_result, Release>;

} // namespace

int main() {
    const std::vector<std::int64_t> customers{7, 9, 7};
    const std::vector<std::int64_t> orders{1, 2, 3};
    const std::vector<std::int64_t> times{1700000000000000, 1700086400000000, 1700172800000000};
    const std::vector<std::int64_t> amounts{1990, 5000, 2500};
    const pdm_column columns[] = {
        pdm_column_int64("customer_id", customers.data()),
        pdm_column_int64("order_id", orders.data()),
        pdm_column_int64("time", times.data()),
        pdm_column_int64("amount", amounts.data()),
    };
    const pdm_batch batch = pdm_batch_make(columns, 4, static_cast<std::int64_t>(customers.size()));

    pdm_error err{};
    pdm_state *raw_state = nullptr;
    pdm_status status = pdm_rfm_create(nullptr, nullptr, &raw_state, &err);
    const State state(raw_state);
    if (status == PDM_OK) status = pdm_state_update(state.get(), &batch, &err);

    pdm_result *raw_result = nullptr;
    if (status == PDM_OK) status = pdm_state_result(state.get(), &raw_result, &err);
    const Result result(raw_result);
    if (status != PDM_OK) {
        std::cerr << pdm_status_name(status) << ": " << err.message << '\n';
        return 1;
    }
    const std::int64_t rows = pdm_table_rows(pdm_result_table(result.get(), nullptr));
    std::cout << "pdmetrics " << pdm_version() << " from C++17: " << rows << " customers\n";
    return rows == 2 ? 0 : 1;
}
