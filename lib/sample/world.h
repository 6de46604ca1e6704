/* The simulated world: its calendar, its catalogue, its planted numbers, and what one customer does in it. */
#ifndef PDM_SAMPLE_WORLD_H
#define PDM_SAMPLE_WORLD_H

#include "core/base.h"
#include "sample/random.h"

/* Times inside the simulator are int32 seconds on the local clock (+08:00) since 2024-01-01 00:00; days are counted likewise. */
#define PDM__SAMPLE_DAYS 731
#define PDM__SAMPLE_MONTHS 24
#define PDM__SAMPLE_DAY_S 86400
#define PDM__SAMPLE_END_S (PDM__SAMPLE_DAYS * PDM__SAMPLE_DAY_S)
#define PDM__SAMPLE_START_UTC_S (INT64_C(19723) * PDM__SAMPLE_DAY_S - 28800)

#define PDM__SAMPLE_FIRST_CUSTOMER INT64_C(10000001)
#define PDM__SAMPLE_MAX_ORDERS 18
#define PDM__SAMPLE_MAX_LINES 4
#define PDM__SAMPLE_IDS 256 /* ids of orders, refunds or sessions that a customer may use */

/* Planted numbers; docs/guide/sample-data.md explains each. */
#define PDM__SAMPLE_BAD_MONTH_FIRST_DAY 425 /* 2025-03-01 */
#define PDM__SAMPLE_BAD_MONTH_LAST_DAY 455
#define PDM__SAMPLE_SHORT_MONTH 20     /* 2025-09 */
#define PDM__SAMPLE_SHORT_PERMILLE 800 /* what is left of every amount in that month */
#define PDM__SAMPLE_REFUND_PERMILLE 40 /* of lines sold */
#define PDM__SAMPLE_DEVICE_REFUND_PERMILLE 160
#define PDM__SAMPLE_UNLINKED_PERCENT 15 /* of refund rows */
#define PDM__SAMPLE_WEEKEND_WEIGHT 130  /* Monday to Thursday = 100 */
#define PDM__SAMPLE_FRIDAY_WEIGHT 110
#define PDM__SAMPLE_PEAK_1111 8
#define PDM__SAMPLE_PEAK_618 6
#define PDM__SAMPLE_BAD_STAFF 6             /* staff_07 */
#define PDM__SAMPLE_BAD_STAFF_PERCENT 35    /* of its friends delete it */
#define PDM__SAMPLE_STAFF_PERCENT 8         /* of the friends of anybody else */
#define PDM__SAMPLE_ASSIST_PERMILLE 550     /* of conversions have moments on their path */
#define PDM__SAMPLE_ASSIST_LAST_PERMILLE 30 /* of conversions have it as the last touch */
#define PDM__SAMPLE_LIFT_PERCENT 20         /* relative, of experiment welcome_coupon */
#define PDM__SAMPLE_SRM_PERCENT 54          /* of live_reminder are treatment, planned were 50 */

/* Behavioural groups; the shares are exact in every hundred customers. */
enum { GROUP_LOYAL, GROUP_LAPSED_VIP, GROUP_ONE_TIME, GROUP_NEW, GROUP_REGULAR, GROUP_SILENT, GROUP_COUNT };

/* Dictionaries; the texts are in tables.c. */
enum { CHANNEL_WECOM, CHANNEL_MINIPROGRAM, CHANNEL_GROUP, CHANNEL_LIVESTREAM, CHANNEL_COUNT };
enum {
    CATEGORY_SKINCARE,
    CATEGORY_MAKEUP,
    CATEGORY_FRAGRANCE,
    CATEGORY_BODYCARE,
    CATEGORY_DEVICE,
    CATEGORY_GIFTSET,
    CATEGORY_SAMPLE,
    CATEGORY_COUNT
};
enum {
    SOURCE_QR_CODE,
    SOURCE_PARCEL_CARD,
    SOURCE_MINIPROGRAM,
    SOURCE_STORE,
    SOURCE_LIVESTREAM,
    SOURCE_REFERRAL,
    SOURCE_COUNT
};
enum { EVENT_VIEW, EVENT_CART, EVENT_ORDER, EVENT_PAY, EVENT_JOIN_GROUP, EVENT_OPEN_MESSAGE, EVENT_SHARE, EVENT_COUNT };
enum {
    TOUCH_QR_CODE,
    TOUCH_OFFICIAL_ACCOUNT,
    TOUCH_MOMENTS,
    TOUCH_GROUP,
    TOUCH_LIVESTREAM,
    TOUCH_SMS,
    TOUCH_MINIPROGRAM,
    TOUCH_COUNT
};
enum { KIND_TOUCH, KIND_CONVERSION, KIND_COUNT };
enum { CAMPAIGN_ALWAYS_ON, CAMPAIGN_SPRING_38, CAMPAIGN_MID_618, CAMPAIGN_DOUBLE_11, CAMPAIGN_COUNT };
enum { FRIEND_ADD, FRIEND_DEL_CUSTOMER, FRIEND_DEL_STAFF, FRIEND_COUNT };
enum { EXPERIMENT_WELCOME_COUPON, EXPERIMENT_AA_CHECK, EXPERIMENT_LIVE_REMINDER, EXPERIMENT_COUNT };
enum { VARIANT_CONTROL, VARIANT_TREATMENT, VARIANT_COUNT };
enum { PRODUCT_SAMPLE_KIT = 24, PRODUCT_COUNT = 25, STAFF_COUNT = 20 };

/* Independent streams of a customer. */
enum {
    STREAM_PROFILE,
    STREAM_INVITER,
    STREAM_TIMES,
    STREAM_LINES,
    STREAM_EVENTS,
    STREAM_TOUCHES,
    STREAM_FRIENDS,
    STREAM_INVITATIONS,
    STREAM_ASSIGNMENTS,
    STREAM_BLOCK
};

/* What is the same for all customers. */
typedef struct pdm__sample_world {
    uint64_t seed;
    uint32_t weight_before[PDM__SAMPLE_DAYS + 1]; /* sum of the order weights of all earlier days */
    uint8_t peak[PDM__SAMPLE_DAYS];               /* 1 on ordinary days */
    uint8_t month[PDM__SAMPLE_DAYS];              /* 0 = January 2024 */
} pdm__sample_world;

/* One product in an order. */
typedef struct pdm__sample_line {
    int64_t amount;  /* minor units, 0 for samples */
    int64_t planned; /* what it would be without the planted shortfall */
    int64_t refund;  /* 0 = none */
    int32_t refund_time;
    int32_t quantity;
    uint8_t product;
    bool refund_linked;
} pdm__sample_line;

typedef struct pdm__sample_order {
    int64_t sale;
    int64_t planned;
    int32_t time;
    uint8_t channel;
    uint8_t line_count;
    pdm__sample_line lines[PDM__SAMPLE_MAX_LINES];
} pdm__sample_order;

typedef struct pdm__sample_customer {
    uint64_t key;
    uint32_t index;
    uint32_t inviter; /* index; only with SOURCE_REFERRAL */
    int32_t join;     /* when the customer became a friend */
    int32_t first;    /* first order drawn; silent customers: equal to join */
    int32_t order_count;
    uint8_t group;
    uint8_t source;
    bool burst;                                       /* belongs to the planted bad cohort */
    pdm__sample_order orders[PDM__SAMPLE_MAX_ORDERS]; /* by time, at least a minute apart */
} pdm__sample_customer;

void pdm__sample_world_init(pdm__sample_world *world, uint64_t seed);

/* Makes customer `index` with all orders. Depends on nothing but the seed and the index. */
void pdm__sample_customer_make(const pdm__sample_world *world, uint32_t index, pdm__sample_customer *customer);

/* Sum of sales less refunds over all time. */
int64_t pdm__sample_customer_net(const pdm__sample_customer *customer);

static inline int64_t pdm__sample_id(uint32_t customer, int32_t number) {
    return ((int64_t)customer + 1) * PDM__SAMPLE_IDS + number;
}

static inline int64_t pdm__sample_time_us(int32_t time) { return (PDM__SAMPLE_START_UTC_S + time) * INT64_C(1000000); }

#endif
