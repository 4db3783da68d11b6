DROP TABLE chat_routing_totals;
